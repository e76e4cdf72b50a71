import Platform
import TaskRun

/// The queues, on one session.
struct Queues {
    let session: PostgreSQLSession

    /// The queues that have a due task, sorted.
    func due(names: [String], queues: QueueFilter?) throws(PostgreSQLFailure) -> [String] {
        let plain = Claim.look(names, queues, now: nil)
        let keyed = Request(LockSQL.lanes, [SQLText.array(names), nil, queues?.expression])
        let answers = try session.exchange([plain, keyed])
        let lanes = [plain, keyed].flatMap { LaneLook(answers[$0.statement]).lanes }
        return Set(lanes.map(\.mark.queue)).sorted()
    }

    func pause(_ queue: String, for time: Duration?, why: String?, by who: String?) throws(PostgreSQLFailure) {
        let request = Request(AdminSQL.pause, [queue, time.map(SQLText.seconds), why, who])
        try session.exchange([.begin, SessionSettings.tolerance, request, .commit])
    }

    func paused() throws(PostgreSQLFailure) -> [PausedQueue] {
        try session.rows(of: Request(AdminSQL.paused)).map { PausedQueue($0) }
    }

    /// Resumes queues, and returns those that were paused.
    func resume(_ queues: [String]) throws(PostgreSQLFailure) -> [String] {
        let request = Request(AdminSQL.resume, [SQLText.array(queues)])
        let answers = try session.exchange([.begin, SessionSettings.tolerance, request, .commit])
        return answers[AdminSQL.resume].map { $0.text("queue") }
    }
}
