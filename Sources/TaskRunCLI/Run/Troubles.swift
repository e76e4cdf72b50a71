import Logging
import TaskRun

/// Troubles that need a person and did not end the run: one line for each, once, however many tasks it concerns.
struct Troubles {
    /// How long a line is held back, because more tasks with the same trouble may come.
    static let patience = Duration.seconds(2)
    /// How many tasks of one trouble are named.
    private static let mostNamed = 10

    private struct Trouble {
        let first: String
        let level: Logger.Level
        /// The other tasks with the same trouble.
        var others: [Int64] = []
        let since: Duration
        var isTold = false
    }

    private var all: [Trouble] = []
    /// Where each is in ``all``, by what it has in common with others.
    private var places: [String: Int] = [:]
    /// Where each cause is in ``all``: what ends the run may have been said already.
    private var causes: [String: Int] = [:]

    /// Notes an error.
    ///
    /// - Parameters:
    ///   - error: What the database said.
    ///   - level: How serious it is.
    ///   - moment: When, since the run began.
    mutating func note(_ error: StoreError, _ level: Logger.Level, at moment: Duration) {
        let alike = error.task == nil ? error.cause : "\(error.cause)\n\(error.advice ?? "")"
        note("\(error)", level, alike: alike, task: error.task, at: moment)
        causes[error.cause] = places[alike]
    }

    /// Notes a line.
    ///
    /// - Parameters:
    ///   - line: What is said of it.
    ///   - level: How serious it is.
    ///   - alike: What it has in common with others; these are only counted.
    ///   - task: The task that it is about, or nil for all tasks.
    ///   - moment: When, since the run began.
    mutating func note(_ line: String, _ level: Logger.Level, alike: String, task: Int64? = nil, at moment: Duration) {
        guard let place = places[alike] else {
            places[alike] = all.count
            return all.append(Trouble(first: line, level: level, since: moment))
        }
        if let task { all[place].others.append(task) }
    }

    /// What is to be said now.
    ///
    /// - Parameters:
    ///   - moment: The present moment, or nil at the end, when everything is said.
    ///   - end: What ended the run, which is said separately.
    /// - Returns: The lines, and how serious each is.
    mutating func lines(at moment: Duration?, except end: StoreError? = nil) -> [(level: Logger.Level, text: String)] {
        if let place = end.flatMap({ causes[$0.cause] }) { all[place].isTold = all[place].others.isEmpty }
        return all.indices.compactMap { place in
            let trouble = all[place]
            if let moment, trouble.isTold || moment - trouble.since < Self.patience { return nil }
            defer {
                all[place].isTold = true
                all[place].others = []
            }
            guard !trouble.others.isEmpty else { return trouble.isTold ? nil : (trouble.level, trouble.first) }
            let names = trouble.others.prefix(Self.mostNamed).map { "\($0)" }.joined(separator: ", ")
            let more = trouble.others.count > Self.mostNamed ? ", …" : ""
            let count = trouble.others.count
            let rest = "\(count) more task\(count == 1 ? "" : "s"), \(names)\(more)"
            let text =
                trouble.isTold
                ? "The same again, for \(rest): \(trouble.first)" : "\(trouble.first) The same holds for \(rest)."
            return (trouble.level, text)
        }
    }
}
