import GRDB
import TaskRun

/// The tasks whose handlers have ended although the database refuses to let their rows be written.
struct StuckTasks {
    let database: Database

    func note(_ proof: ClaimProof, isDone: Bool, why: String) throws {
        try database.run(
            Statements.noteStuck,
            ["id": proof.id, "claim_no": proof.number, "is_done": isDone, "error": LastError.fit(why)]
        )
    }

    /// Some of them, chosen at random.
    func some() throws -> [StuckTask] { try database.rows(Statements.stuck, ["limit": StuckTask.most]) }

    func forget(_ proof: ClaimProof) throws {
        try database.run(Statements.forgetStuck, ["id": proof.id, "claim_no": proof.number])
    }
}
