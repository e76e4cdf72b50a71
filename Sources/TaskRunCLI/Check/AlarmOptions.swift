import ArgumentParser
import Text

/// The thresholds of `check`, for monitoring systems that call plugins.
struct AlarmOptions: ParsableArguments {
    @Option(help: ArgumentHelp("WARNING if a claimable task is due for longer, like 2m.", valueName: "duration"))
    var warnLate: String?
    @Option(help: ArgumentHelp("CRITICAL if a claimable task is due for longer, like 10m.", valueName: "duration"))
    var critLate: String?
    @Option(help: ArgumentHelp("WARNING if so many tasks or more are FAILED; or a range.", valueName: "n"))
    var warnFailed: String?
    @Option(help: ArgumentHelp("CRITICAL if so many tasks or more are FAILED; or a range.", valueName: "n"))
    var critFailed: String?
    @Option(help: ArgumentHelp("WARNING if so many tasks or more wait; or a range.", valueName: "n"))
    var warnWaiting: String?
    @Option(help: ArgumentHelp("CRITICAL if so many tasks or more wait; or a range.", valueName: "n"))
    var critWaiting: String?
    @Option(
        name: [.customShort("w"), .customLong("warning")],
        help: ArgumentHelp("As --warn-late, as a range of seconds.", valueName: "range")
    )
    var warning: String?
    @Option(
        name: [.customShort("c"), .customLong("critical")],
        help: ArgumentHelp("As --crit-late, as a range of seconds.", valueName: "range")
    )
    var critical: String?
    @Option(
        name: [.customShort("t"), .customLong("timeout")],
        help: ArgumentHelp("End with UNKNOWN after so many seconds (default: 10)", valueName: "seconds")
    )
    var timeout: String?

    /// Whether any of them was given.
    var isGiven: Bool {
        [warnLate, critLate, warnFailed, critFailed, warnWaiting, critWaiting, warning, critical, timeout]
            .contains { $0 != nil }
    }

    /// Reads them.
    ///
    /// - Throws: ``ProgramError`` with what is wrong.
    func thresholds() throws(ProgramError) -> AlarmThresholds {
        if warnLate != nil, warning != nil { throw Self.problem("--warn-late and -w are the same: use one") }
        if critLate != nil, critical != nil { throw Self.problem("--crit-late and -c are the same: use one") }
        var thresholds = AlarmThresholds()
        let (late, tooLate) = (try Self.late("--warn-late", warnLate), try Self.late("--crit-late", critLate))
        let (warn, crit) = (try Self.range("-w", warning), try Self.range("-c", critical))
        thresholds.late = (late ?? warn, tooLate ?? crit)
        thresholds.failed.warning = try Self.count("--warn-failed", warnFailed)
        thresholds.failed.critical = try Self.count("--crit-failed", critFailed)
        thresholds.waiting.warning = try Self.count("--warn-waiting", warnWaiting)
        thresholds.waiting.critical = try Self.count("--crit-waiting", critWaiting)
        if let timeout {
            let seconds = Double(timeout).map { Duration.seconds($0) } ?? DurationText.parse(timeout)
            guard let seconds, seconds > .zero, seconds <= .seconds(3600) else {
                throw Self.problem("-t is \(timeout): expected seconds, from 1 to 3600")
            }
            thresholds.timeout = seconds
        }
        return thresholds
    }

    private static func problem(_ text: String) -> ProgramError { ProgramError(.usage, text) }

    private static func late(_ option: String, _ text: String?) throws(ProgramError) -> AlarmRange? {
        guard let text else { return nil }
        guard let age = DurationText.parse(text) else {
            throw problem("\(option) is \(text): expected \(DurationText.expected)")
        }
        return .above(age / .seconds(1))
    }

    private static func range(_ option: String, _ text: String?) throws(ProgramError) -> AlarmRange? {
        guard let text else { return nil }
        guard let range = AlarmRange(text) else {
            throw problem("\(option) is \(text): expected \(AlarmRange.expected), in seconds")
        }
        return range
    }

    /// A number alone is the least that alarms; everything else is a range.
    private static func count(_ option: String, _ text: String?) throws(ProgramError) -> AlarmRange? {
        guard let text else { return nil }
        if let least = Int(text), least >= 0 { return .from(Double(least)) }
        guard let range = AlarmRange(text) else {
            throw problem("\(option) is \(text): expected a number, or \(AlarmRange.expected)")
        }
        return range
    }
}
