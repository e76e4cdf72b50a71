import Foundation
import GRDB
import TaskRun

/// The results of tasks with tokens, in `task_results`, and the progress of running tasks.
struct Results {
    let database: Database

    /// Keeps the result of a settlement that ends its task, while the claim holds.
    func keep(_ settlement: Settlement, now: Date) throws {
        guard let line = ResultLine(settlement) else { return }
        let (record, progress) = (line.record, line.record.progress)
        try database.run(
            Statements.keep,
            [
                "id": settlement.proof.id, "claim_no": settlement.proof.number, "state": line.state.rawValue,
                "result": line.text, "bytes": line.bytes.map { Data($0) }, "size": record.size, "error": line.error,
                "noted": progress != nil, "done": progress?.progress.done, "total": progress?.progress.total,
                "note": progress?.note, "hash": record.dataHash,
                "started": record.secondsSinceBegin.map { SQLiteTime.text(now.addingTimeInterval(-$0)) },
                "now": SQLiteTime.text(now), "expires": SQLiteTime.text(now, after: record.keep),
            ]
        )
    }

    /// Keeps the result of a row that ends without a handler: it became FAILED, is to be cancelled, or gives way.
    func keep(_ change: Change, _ id: Int64, for time: Duration, now: Date) throws {
        let (now, end) = (SQLiteTime.text(now), SQLiteTime.text(now, after: time))
        try database.run(change, ["id": id, "now": now, "expires": end])
    }

    func noteProgress(_ progress: [ClaimProof: ProgressNote]) throws {
        for (proof, note) in progress {
            try database.run(
                Statements.progress,
                [
                    "id": proof.id, "claim_no": proof.number, "done": note.progress.done,
                    "total": note.progress.total, "note": note.note,
                ]
            )
        }
    }

    func prune(limit: Int, now: Date) throws -> Int {
        try database.run(Statements.prune, ["now": SQLiteTime.text(now), "limit": limit])
    }

    func state(of token: String) throws -> TokenState? {
        let row = try database.first(Statements.showToken, ["token": token])
        if let row, row.status != .failed { return TokenState.answer(row: row, result: nil) }
        return TokenState.answer(row: row, result: try result(of: token, now: Date()))
    }

    /// The result that a task with this token left, or nil if there is none.
    func result(of token: String, now: Date) throws -> TokenState? {
        try database.first(Statements.result, ["token": token, "now": SQLiteTime.text(now)]).flatMap(\.self)
    }

    func reusable(name: String, dataHash: String, within age: Duration) throws -> String? {
        let now = Date()
        let since = SQLiteTime.text(now.addingTimeInterval(-(age / .seconds(1))))
        return try database.first(
            Statements.reusable,
            ["name": name, "hash": dataHash, "now": SQLiteTime.text(now), "since": since]
        )
    }
}
