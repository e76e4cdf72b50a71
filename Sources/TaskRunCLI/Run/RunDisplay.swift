import Logging
import Synchronization
import TaskRun

/// Shows on stderr what a run does, as it happens.
///
/// A class because events come from many threads and share one teller.
final class RunDisplay: Sendable {
    private struct State {
        var teller: any RunTeller
        var drawn = Duration.zero
        var troubles = Troubles()
    }

    private let screen: Screen
    private let log: RunLog
    private let began = ContinuousClock.now
    private let state: Mutex<State>

    init(_ teller: any RunTeller, on screen: Screen, log: RunLog) {
        self.screen = screen
        self.log = log
        state = Mutex(State(teller: teller))
    }

    /// Writes what is to be said about an event.
    func observe(_ event: RunEvent) {
        log.note(event)
        let moment = began.duration(to: .now)
        state.withLock { state in
            switch event {
            case .trouble(let error) where !error.isPassing: state.troubles.note(error, .error, at: moment)
            case .held(let error): state.troubles.note(error, .warning, at: moment)
            default: break
            }
            if let (task, line, alike) = state.teller.trouble(in: event) {
                return state.troubles.note(line, .error, alike: alike, task: task, at: moment)
            }
            let lines = state.teller.lines(for: event, at: moment)
            // Many events without a line may come at once, and redrawing more than ten times a second is of no use.
            guard !lines.isEmpty || moment - state.drawn > .milliseconds(100) else { return }
            state.drawn = moment
            screen.write(lines, progress: state.teller.progress(at: moment))
        }
    }

    /// Notes whether other runs use all slots, which the next progress line shows.
    func note(isCrowded: Bool) { state.withLock { $0.teller.note(isCrowded: isCrowded) } }

    /// Draws the progress line each second until cancelled, because handlers may run long without an event.
    func tick() async {
        // Cancellation ends it.
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            tell(at: began.duration(to: .now))
            state.withLock { screen.write([], progress: $0.teller.progress(at: began.duration(to: .now))) }
        }
    }

    private func tell(at moment: Duration?, except end: StoreError? = nil) {
        let lines = state.withLock { $0.troubles.lines(at: moment, except: end) }
        for line in lines { log.logger.log(level: line.level, "\(line.text)") }
    }

    /// Removes the progress line.
    func clear() { screen.write([], progress: "") }

    /// Says what there is to say at the end, except for what ended the run.
    func finish(_ report: RunReport, unknown: [UnknownName]) {
        tell(at: nil, except: report.trouble)
        state.withLock { screen.write($0.teller.summary(report, unknown: unknown)) }
    }
}
