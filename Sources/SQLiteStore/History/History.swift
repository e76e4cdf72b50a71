import Foundation
import GRDB
import TaskRun

/// Writes what tasks leave in `task_history` and `task_failures` when they end, within their transaction.
struct History {
    let database: Database
    let keeper: HistoryKeeper

    /// Notes how settlements ended that were written: a line if the task ended, and a failed attempt.
    func note(_ settlements: [Settlement], _ results: [SettleResult], now: Date) throws {
        guard keeper.isOn, settlements.contains(where: { $0.facts != nil }) else { return }
        keeper.use()
        let instant = ContinuousClock.now
        var lines = try HistoryLines(host: keeper.host, endedAt: now, in: database)
        for (settlement, result) in zip(settlements, results) where result.isWritten {
            guard let facts = settlement.facts else { continue }
            if result == .settled, let status = settlement.historyStatus { try lines.add(facts, status, instant) }
            if let error = settlement.failure { try fail(facts, error, ran: facts.seconds(instant).ran, now: now) }
        }
    }

    /// Notes how a row ended that is gone.
    func note(_ row: EndedRow, _ status: HistoryStatus, now: Date) throws { try note([row], status, now: now) }

    /// Notes how rows ended that are gone.
    func note(_ rows: [EndedRow], _ status: HistoryStatus, now: Date) throws {
        let kept = keeper.isOn ? rows.filter { keeper.keeps($0.name) } : []
        guard !kept.isEmpty else { return }
        keeper.use()
        var lines = try HistoryLines(host: nil, endedAt: now, in: database)
        for row in kept { try lines.add(row, status) }
    }

    /// Notes that a row became FAILED although no handler ended.
    func noteFailed(_ id: Int64, name: String, _ status: HistoryStatus, now: Date) throws {
        guard keeper.keeps(name) else { return }
        keeper.use()
        let values: StatementArguments = ["status": status.rawValue, "ended_at": SQLiteTime.text(now), "id": id]
        try database.run(Statements.historyOfRow, values)
    }

    /// Notes the attempt of a run that died.
    func noteCrash(_ id: Int64, name: String, attempt: Int, error: String, now: Date) throws {
        guard keeper.keeps(name) else { return }
        keeper.use()
        try fail(id, name: name, attempt: attempt, error, now: now)
    }

    private func fail(_ facts: AttemptFacts, _ error: String, ran: Double, now: Date) throws {
        let (task, program) = (facts.task, facts.program ?? ProgramFacts())
        try fail(task.id, name: task.name, attempt: task.attempt, error, ran: ran, program, isHere: true, now: now)
    }

    private func fail(
        _ id: Int64,
        name: String,
        attempt: Int,
        _ error: String,
        ran: Double? = nil,
        _ program: ProgramFacts = ProgramFacts(),
        isHere: Bool = false,
        now: Date
    ) throws {
        try database.run(
            Statements.failureAdd,
            [
                "task_id": id, "task_name": name, "attempt": attempt, "error": error, "ran": ran,
                "host": isHere ? keeper.host : nil, "exit_code": program.exitCode, "signal": program.signal,
                "peak_memory": program.peakMemory, "failed_at": SQLiteTime.text(now),
            ]
        )
        try database.run(Statements.failureTrim, ["task_id": id, "most": FailureLine.most])
    }
}

/// Adds lines to `task_history` by one prepared statement; a value is bound only if it differs from the line before.
private struct HistoryLines {
    private let statement: BareStatement<Never>
    private let id, name, queue, status, attempts, waited, ran, exitCode, signal, memory, token, batch: Int32
    private let endedAt: Double
    private var last: (name: String, queue: String, status: HistoryStatus)?
    /// Whether the last line had values that most lines lack.
    private var hadToken = false
    private var hadBatch = false
    private var hadProgram = false

    init(host: String?, endedAt: Date, in database: Database) throws {
        statement = try BareStatement(Statements.historyAdd, in: database)
        self.endedAt = endedAt.timeIntervalSince1970
        (id, name, queue) = (
            statement.index(of: "task_id"), statement.index(of: "task_name"), statement.index(of: "queue")
        )
        (status, attempts) = (statement.index(of: "status"), statement.index(of: "attempts"))
        (waited, ran) = (statement.index(of: "waited"), statement.index(of: "ran"))
        (exitCode, signal) = (statement.index(of: "exit_code"), statement.index(of: "signal"))
        memory = statement.index(of: "peak_memory")
        (token, batch) = (statement.index(of: "token"), statement.index(of: "batch"))
        statement.bind(statement.index(of: "host"), host)
        statement.bind(statement.index(of: "ended_at"), SQLiteTime.text(endedAt))
    }

    /// Adds the line of an attempt that ends at this instant.
    mutating func add(_ facts: AttemptFacts, _ how: HistoryStatus, _ instant: ContinuousClock.Instant) throws {
        let (task, seconds) = (facts.task, facts.seconds(instant))
        bind(task.name, task.queue, how)
        statement.bind(id, task.id)
        statement.bind(attempts, Int64(task.attempt))
        if let due = task.due {
            statement.bind(waited, max(0, endedAt - seconds.sinceBegin - due.timeIntervalSince1970))
        } else {
            statement.bind(waited, String?.none)
        }
        statement.bind(ran, seconds.ran)
        bind(token: task.token, batch: task.batch)
        bind(facts.program)
        _ = try statement.run()
    }

    /// Adds the line of a row that is gone.
    mutating func add(_ row: EndedRow, _ how: HistoryStatus) throws {
        bind(row.name, row.queue, how)
        statement.bind(id, row.id)
        statement.bind(attempts, Int64(row.attempts))
        bind(token: row.token, batch: row.batch)
        _ = try statement.run()
    }

    private mutating func bind(_ name: String, _ queue: String, _ how: HistoryStatus) {
        if let last, last.status == how, last.name == name, last.queue == queue { return }
        statement.bind(self.name, name)
        statement.bind(self.queue, queue)
        statement.bind(status, how.rawValue)
        last = (name, queue, how)
    }

    private mutating func bind(token: String?, batch: String?) {
        if token != nil || hadToken { statement.bind(self.token, token) }
        if batch != nil || hadBatch { statement.bind(self.batch, batch) }
        (hadToken, hadBatch) = (token != nil, batch != nil)
    }

    private mutating func bind(_ program: ProgramFacts?) {
        guard program != nil || hadProgram else { return }
        hadProgram = program != nil
        bind(exitCode, program?.exitCode.map { Int64($0) })
        bind(signal, program?.signal.map { Int64($0) })
        bind(memory, program?.peakMemory)
    }

    private func bind(_ place: Int32, _ value: Int64?) {
        if let value { statement.bind(place, value) } else { statement.bind(place, String?.none) }
    }
}
