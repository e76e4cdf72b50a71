import Synchronization

/// Shows on a terminal how many tasks a command has dealt with, where it takes longer than a moment.
///
/// A class: the count on the screen is state that those who deal with the parts share.
final class DoneCount: Sendable {
    private let bar: ProgressBar
    private let total: Int?
    private let screen: Screen
    private let began = ContinuousClock.now
    private let count = Mutex(0)

    /// - Parameters:
    ///   - doing: What is being done: `Deleting`.
    ///   - total: The number of tasks, or nil if that is not known.
    ///   - screen: Where it is shown.
    init(_ doing: String, of total: Int? = nil, on screen: Screen) {
        (bar, self.total, self.screen) = (ProgressBar(doing: doing), total, screen)
    }

    /// Counts more.
    func add(_ more: Int) {
        let sum = count.withLock { count in
            count += more
            return count
        }
        let time = began.duration(to: .now)
        guard screen.terminal.canRedraw, time > .milliseconds(300), total.map({ sum < $0 }) ?? true else { return }
        screen.write([], progress: bar.line(sum, of: total, after: time))
    }

    /// Removes the line.
    func end() { screen.write([], progress: "") }
}
