import TaskRun

/// The tasks in `task_stuck`: their handlers have ended, and the database refuses to change their rows.
struct StuckTasks {
    let session: PostgreSQLSession

    /// Notes a task whose row cannot be written.
    func note(_ proof: ClaimProof, isDone: Bool, why: String) throws(PostgreSQLFailure) {
        let values = [String(proof.id), String(proof.number), isDone ? "t" : "f", LastError.fit(why)]
        do throws(PostgreSQLFailure) {
            try session.exchange([Request(StuckSQL.note, values)])
        } catch {
            throw error.isRefusal ? error.asRefusal : error
        }
    }

    func some() throws(PostgreSQLFailure) -> [StuckTask] {
        try session.rows(of: Request(StuckSQL.some, [String(StuckTask.most)])).map { StuckTask($0) }
    }

    func forget(_ proofs: [ClaimProof]) throws(PostgreSQLFailure) {
        try session.exchange([Request(StuckSQL.forget, ClaimProof.arrays(proofs))])
    }
}
