import Platform
import TaskRun

extension PostgreSQLSession {
    /// Removes equal tasks, of which only one may wait, and then makes claimed rows WAITING, in the open transaction.
    ///
    /// `equal_remove.sql` removes older rows that wait, and `give_way.sql` claimed rows, by the rule of
    /// ``TaskRun/EqualTask``. It stands in SQL because it is decided for all rows without a round trip in between.
    func givingWay(
        _ back: [ClaimProof],
        keep: [Duration],
        now: Date?,
        thenSend update: Request,
        within limit: Duration = .seconds(15)
    ) throws(PostgreSQLFailure) -> Answers {
        let values = ClaimProof.arrays(back) + [SQLText.array(keep.map(SQLText.seconds)), SQLText.moment(now)]
        let requests = [Request(EqualSQL.remove, values), Request(EqualSQL.giveWay, values), update]
        // Another program may add an equal task at this moment.
        for _ in 0..<10 {
            do throws(PostgreSQLFailure) {
                let answers = try exchange([.mark] + requests + [.keep], within: limit)
                let gone = [EqualSQL.remove, EqualSQL.giveWay].flatMap { answers[$0].map { EndedRow($0) } }
                let note = HistorySQL.noteLines(gone, .replaced, keeper, now: now)
                if !note.isEmpty { try exchange(note, within: limit) }
                return answers
            } catch {
                guard error.meetsEqual(in: "tasks_dedupe") else { throw error }
                try exchange([.undo, .keep])
            }
        }
        throw PostgreSQLFailure(.locked, message: "other programs keep adding and removing equal tasks")
    }
}

/// A row that was removed because a newer equal one is to wait, with what has to be done afterwards.
struct RemovedEqual: Sendable {
    let row: EndedRow
    let lockKey: String?

    var id: Int64 { row.id }
    var batch: String? { row.batch }

    /// Reads a row of ``EqualSQL/remove``.
    init(_ row: PostgreSQLResult.Row) { (self.row, lockKey) = (EndedRow(row), row.textIfAny("lock_key")) }
}
