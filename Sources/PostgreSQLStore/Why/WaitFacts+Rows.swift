import Platform
import TaskRun

/// Reads why tasks are not running, on one session.
struct WhyRows {
    let session: PostgreSQLSession

    func facts(_ selection: WaitFacts.Selection) throws(PostgreSQLFailure) -> WaitFacts {
        _ = try session.look([.beginSnapshot, SessionSettings.looking])
        let (ids, isPartial) = try ids(selection)
        var (now, tasks) = (Date?.none, [TaskFacts]())
        // In parts, so that no statement takes long.
        for start in stride(from: 0, to: ids.count, by: Self.mostAtOnce) {
            let part = Array(ids[start..<min(start + Self.mostAtOnce, ids.count)])
            let values = [SQLText.array(part), nil, String(selection.counted), String(selection.errorLength)]
            let rows = try session.look([Request(WhySQL.facts, values)])[WhySQL.facts]
            now = now ?? rows.first?.moment("now")
            tasks += rows.map { TaskFacts($0) }
        }
        let held = Request(WhySQL.held, [String(WaitFacts.Selection.mostHeld)])
        let answers = try session.look([held, .commit])
        return WaitFacts(
            now: now ?? Date(),
            tasks: tasks,
            held: answers[WhySQL.held].map { HeldTask($0) },
            counted: selection.counted,
            isPartial: isPartial
        )
    }

    /// How many tasks one statement looks at.
    private static let mostAtOnce = 2_000

    private func ids(
        _ selection: WaitFacts.Selection
    ) throws(PostgreSQLFailure) -> (ids: [Int64], isPartial: Bool) {
        switch selection {
        case .id(let id): return ([id], false)
        case .token(let token):
            let request = Request(ResultSQL.ids, [SQLText.array([token])])
            return (try session.rows(of: request).map { $0.integer("id") }, false)
        case .ids(let ids): return (ids, false)
        case .waiting(let queue, let name, let limit):
            let request = Request(WhySQL.waiting, [name, queue, String(limit + 1)])
            let rows = try session.look([request])[WhySQL.waiting]
            let ids = rows.prefix(limit).filter { $0.bool("is_wanted") }.map { $0.integer("id") }.sorted()
            return (ids, rows.count > limit)
        }
    }
}
