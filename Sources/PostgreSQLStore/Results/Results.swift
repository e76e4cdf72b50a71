import Platform
import TaskRun

/// The results and the progress of tasks with tokens, on one session.
struct Results {
    let session: PostgreSQLSession

    /// Writes progress; returns the claims whose rows another transaction has locked.
    func noteProgress(_ progress: [ClaimProof: ProgressNote]) throws(PostgreSQLFailure) -> [ClaimProof] {
        let notes = Array(progress)
        let values =
            ClaimProof.arrays(notes.map(\.key)) + [
                SQLText.array(notes.map { String($0.value.progress.done) }),
                SQLText.array(notes.map { $0.value.progress.total.map { String($0) } }),
                SQLText.array(notes.map(\.value.note)),
            ]
        return try session.rows(of: Request(ResultSQL.progress, values)).map { ClaimProof($0) }
    }

    /// Removes results whose time is over, at most so many, and returns how many.
    func prune(limit: Int, now: Date?) throws(PostgreSQLFailure) -> Int {
        let request = Request(ResultSQL.prune, [String(limit), SQLText.moment(now)])
        return try session.exchange([request]).changedRows(of: ResultSQL.prune)
    }

    func states(of tokens: [String]) throws(PostgreSQLFailure) -> [TokenState] {
        let texts = [SQLText.array(tokens)]
        let answers = try session.exchange([
            .beginSnapshot, Request(ResultSQL.rows, texts), Request(ResultSQL.results, texts), .commit,
        ])
        let rows = Dictionary(
            answers[ResultSQL.rows].map { TaskRow($0) }.map { ($0.token ?? "", $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let results = Dictionary(
            answers[ResultSQL.results].compactMap { TokenState($0) }.map { ($0.token, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        return tokens.compactMap { TokenState.answer(row: rows[$0], result: results[$0]) }
    }

    func reusable(name: String, dataHash: String, within age: Duration) throws(PostgreSQLFailure) -> String? {
        let request = Request(ResultSQL.reusable, [name, dataHash, SQLText.seconds(age)])
        return try session.rows(of: request).first?.text("token")
    }
}
