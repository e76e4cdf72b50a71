import TaskRun
import Text

/// What a hook reads on stdin: one JSON object in one line, `event` first, `data` last.
struct HookMessage: Sendable {
    private var json: [UInt8] = []

    init(_ event: HookEvent) {
        json.append(UInt8(ascii: "{"))
        add("event", event.rawValue)
    }

    /// The line, with its line feed.
    var line: [UInt8] { json + Array("}\n".utf8) }

    mutating func add(_ key: String, _ text: String) {
        begin(key)
        JSONText.append(text, to: &json)
    }

    mutating func add(_ key: String, _ number: some FixedWidthInteger) {
        begin(key)
        json.append(contentsOf: String(number).utf8)
    }

    /// Adds seconds, to the millisecond, or null for nil.
    mutating func add(_ key: String, _ time: Duration?) {
        begin(key)
        let text = time.map { "\(Double(Int64(($0 / .milliseconds(1)).rounded())) / 1000)" } ?? "null"
        json.append(contentsOf: text.utf8)
    }

    mutating func add(json value: [UInt8], _ key: String) {
        begin(key)
        JSONText.append(json: value, to: &json)
    }

    mutating func add(_ task: HookTask) {
        add("task", task.id)
        add("name", task.name)
        add("queue", task.queue)
        add("attempt", task.attempt)
        add("max_attempts", task.maxAttempts)
    }

    /// Adds how a handler ended, or that the lease is lost if nil.
    mutating func add(_ outcome: HandlerOutcome?) {
        switch outcome {
        case .succeeded, .skipped, .settled(.settled):
            add("outcome", "succeeded")
        case .failed(let error, _):
            add("outcome", "failed")
            add("error", LastError.fit(error))
        case .permanentlyFailed(let error):
            add("outcome", "permanently_failed")
            add("error", LastError.fit(error))
        case .later(_, let note):
            add("outcome", "later")
            if let note { add("note", LastError.fit(note)) }
        case .notBegun(let why):
            add("outcome", "not_begun")
            add("error", LastError.fit(why.reason))
        case .stopped:
            add("outcome", "stopped")
        case .cancelled, .settled(.cancelled):
            add("outcome", "cancelled")
        case .settled(.gaveWay):
            add("outcome", "gave_way")
        case nil, .settled(.leaseLost), .settled(.untouched):
            add("outcome", "lease_lost")
        }
    }

    /// Adds the numbers of `once --json`, without those that would have to be counted in the table.
    mutating func add(_ report: RunReport) {
        add("claimed", report.claimed)
        add("succeeded", report.succeeded)
        add("retried", report.retried)
        add("failed", report.failed)
        add("released", report.released)
        add("recovered", report.recovered)
        add("lease_lost", report.leaseLost)
        add("skipped", report.skipped)
        add("cancelled", report.cancelled)
        add("gave_way", report.gaveWay)
        add("expired", report.expired)
        add("seconds", report.duration)
        if let trouble = report.trouble { add("trouble", "\(trouble)") }
    }

    private mutating func begin(_ key: String) {
        if json.count > 1 { json.append(UInt8(ascii: ",")) }
        JSONText.append(key, to: &json)
        json.append(UInt8(ascii: ":"))
    }
}
