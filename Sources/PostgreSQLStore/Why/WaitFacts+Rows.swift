import Platform
import TaskRun

/// Reads why tasks are not running, on one session.
struct WhyRows {
    let session: PostgreSQLSession

    func facts(_ selection: WaitFacts.Selection) throws(PostgreSQLFailure) -> WaitFacts {
        _ = try session.look([.beginSnapshot, SessionSettings.looking])
        let (ids, isPartial) = try ids(selection)
        let values = [SQLText.array(ids), nil, String(selection.counted), String(selection.errorLength)]
        let answers = try session.look([
            Request(WhySQL.facts, values), Request(WhySQL.held, [String(WaitFacts.Selection.mostHeld)]), .commit,
        ])
        let rows = answers[WhySQL.facts]
        return WaitFacts(
            now: rows.first?.moment("now") ?? Date(),
            tasks: rows.map { TaskFacts($0) },
            held: answers[WhySQL.held].map { HeldTask($0) },
            counted: selection.counted,
            isPartial: isPartial
        )
    }

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
            let ids = rows.prefix(limit).filter { $0.bool("is_wanted") }.map { $0.integer("id") }
            return (ids, rows.count > limit)
        }
    }
}
