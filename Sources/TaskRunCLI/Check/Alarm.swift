import Platform
import TaskRun
import Text

/// From when on numbers are a warning, or critical; or nil for never.
struct AlarmThresholds {
    typealias Pair = (warning: AlarmRange?, critical: AlarmRange?)

    /// For how many seconds the oldest claimable task is due.
    var late: Pair = (nil, nil)
    /// How many tasks are FAILED.
    var failed: Pair = (nil, nil)
    /// How many tasks wait.
    var waiting: Pair = (nil, nil)
    /// How long the check may take.
    var timeout = Duration.seconds(10)
}

/// What a monitoring plugin says: a state, a line, and numbers.
struct Alarm {
    /// The states, by the exit codes of plugins.
    enum State: Int, Comparable {
        case ok, warning, critical, unknown

        var word: String { "\(self)".uppercased() }

        /// How the program ends.
        var status: ExitStatus {
            switch self {
            case .ok: .done
            case .warning: .incomplete
            case .critical: .cancelled
            case .unknown: .unknown
            }
        }

        static func < (one: State, other: State) -> Bool { one.rawValue < other.rawValue }
    }

    private(set) var state = State.ok
    /// What is wrong, the worst first.
    private var problems: [(state: State, text: String)] = []
    private var rest: [String] = []
    private var numbers: [(name: String, value: Double, unit: String, limits: AlarmThresholds.Pair)] = []

    /// An alarm that is about the check itself.
    init(_ state: State, _ text: String) {
        self.state = state
        problems = [(state, text)]
    }

    /// Decides from facts.
    ///
    /// - Parameters:
    ///   - facts: What is known.
    ///   - thresholds: What is an alarm.
    ///   - life: Whether a run is alive, as far as this host can see.
    init(_ facts: MetricsFacts, _ thresholds: AlarmThresholds, life: (String?) -> RunLife) {
        func count(_ status: TaskStatus) -> Int {
            facts.summary.lines.reduce(0) { $0 + ($1.status == status ? $1.count : 0) }
        }
        let isAnythingDue = facts.summary.lines.contains { $0.due > 0 }
        let overview = facts.runs.map {
            RunOverview($0, holders: facts.summary.holders, isAnythingDue: isAnythingDue, life: life)
        }
        switch overview?.absence {
        case nil: break
        case .never: note(.critical, "no run has been recorded, and a task is due: is cron alive?")
        case .silent(let age, let last):
            let place = "on \(last.record.host) as \(last.record.user)"
            note(.critical, "no run for \(DurationText.age(age)): is cron alive? The last one was \(place)")
        }
        let oldest = facts.claimable.min { $0.oldest < $1.oldest }
        let late = oldest.map { max(0, facts.now.timeIntervalSince($0.oldest)) } ?? 0
        let age = DurationText.age(.seconds(min(late, 1e12)))
        let lateness = oldest.map { "the oldest claimable task is due for \(age), in queue \($0.queue)" }
        judge("late", late.rounded(), "s", thresholds.late, lateness ?? "no task is late")
        judge("failed", Double(count(.failed)), "", thresholds.failed, "\(CountText.write(count(.failed))) FAILED")
        judge("waiting", Double(count(.waiting)), "", thresholds.waiting, "\(CountText.write(count(.waiting))) waiting")
        numbers.append(("running", Double(overview?.running ?? 0), "", (nil, nil)))
        if let age = overview?.lastAge { rest.append("last run \(DurationText.age(age)) ago") }
    }

    private mutating func note(_ state: State, _ text: String) {
        self.state = max(self.state, state)
        problems.append((state, text))
    }

    private mutating func judge(
        _ name: String,
        _ value: Double,
        _ unit: String,
        _ limits: AlarmThresholds.Pair,
        _ text: String
    ) {
        numbers.append((name, value, unit, limits))
        if limits.critical?.alarms(value) == true {
            note(.critical, text)
        } else if limits.warning?.alarms(value) == true {
            note(.warning, text)
        } else {
            rest.append(text)
        }
    }

    private var text: String {
        let worst = problems.sorted { $0.state > $1.state }.map(\.text)
        return (worst + rest).joined(separator: "; ")
    }

    /// The line that plugins write: state, text, and numbers after a bar.
    var line: String {
        let data = numbers.map { number in
            let limits = [number.limits.warning?.text ?? "", number.limits.critical?.text ?? ""]
            return "\(number.name)=\(Metric.write(number.value))\(number.unit);\(limits.joined(separator: ";"));0"
        }
        let text = text.visible().replacing("|", with: "/")
        return "TASKRUN \(state.word) - \(text)" + (data.isEmpty ? "" : " | \(data.joined(separator: " "))")
    }

    /// For programs.
    var json: JSONValue {
        let counted = numbers.map { number in
            let whole = Int64(exactly: number.value)
            return (key: number.name, value: whole.map { JSONValue.number($0) } ?? JSONValue.measured(number.value))
        }
        return .object([("state", .text(state.word)), ("text", .text(text))] + counted)
    }

    /// The line, in one of the two forms.
    func answer(isJSON: Bool) -> String { isJSON ? json.line : line }
}
