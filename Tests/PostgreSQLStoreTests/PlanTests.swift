import Foundation
import TestSupport
import Testing

@testable import PostgreSQLStore

/// What the planner makes of the store's statements, whatever it knows about the table.
@Suite("With a million other rows in the way")
struct PlanTests {
    /// What the planner knows.
    enum Knowledge: String, CaseIterable, CustomTestStringConvertible {
        case never = "statistics were never gathered"
        case fresh = "statistics are fresh"
        case empty = "the plan was made when the table was empty and vacuumed"

        var testDescription: String { rawValue }
    }

    /// A statement, values for it, and which indexes it is to use.
    struct Case: CustomTestStringConvertible {
        let statement: Statement
        let values: [String]
        let indexes: Set<String>
        /// The most pages it may read: a few for each row, nothing for rows in the way.
        var pages = 400

        var testDescription: String { statement.name }
    }

    private static let lookIndexes = dueIndexes.union(["tasks_lease", "tasks_lock_behind", "tasks_after_batch"])
    private static let dueIndexes: Set = ["tasks_due", "tasks_lock_open", "tasks_crashed", "tasks_expiry"]

    private static let waitingIndexes: Set = [
        "tasks_due", "tasks_lock_open", "tasks_crashed", "tasks_lock_behind", "tasks_after_batch",
    ]

    static let cases: [Case] = [
        Case(statement: ClaimSQL.lanes, values: ["'{A,B,C}'", "NULL", "'^(?:d.*)$'", "NULL"], indexes: ["tasks_due"]),
        Case(
            statement: ClaimSQL.moreLanes,
            values: ["'{A,B,C}'", "NULL", "'^(?:d.*)$'", "'{\"\",a,b}'", "'{0,0,0}'"],
            indexes: ["tasks_due"]
        ),
        Case(statement: ClaimSQL.lanes, values: ["'{A,B}'", "NULL", "NULL", "'{default,q1}'"], indexes: ["tasks_due"]),
        Case(
            statement: ClaimSQL.crashed,
            values: ["'{A,B}'", "NULL", "1", "2", "5", "NULL", "'{}'"],
            indexes: ["tasks_crashed"]
        ),
        Case(
            statement: ClaimSQL.fromLane,
            values: ["'me'", "300", "NULL", "10", "'A'", "'default'", "0", "0", "0", "1000", "10"],
            indexes: ["tasks_due"]
        ),
        Case(
            statement: ClaimSQL.fromLanes,
            values: [
                "'me'", "300", "NULL", "10", "'{A,B}'", "'{default,default}'", "'{0,0}'", "'{0,0}'", "'{0,0}'",
                "'{1,2}'", "5", "1000", "'{}'", "10",
            ],
            indexes: ["tasks_due", "tasks_pkey"]
        ),
        // Hundreds of thousands of rows that are due at one moment, as those of one INSERT are.
        Case(
            statement: ClaimSQL.fromLanes,
            values: [
                "'me'", "300", "NULL", "10", "'{OTHER0,OTHER1,OTHER2}'", "'{q0,q1,q2}'", "'{0,0,0}'", "'{0,0,0}'",
                "'{0,0,0}'", "'{}'", "7", "1000", "'{}'", "10",
            ],
            indexes: ["tasks_due", "tasks_pkey"]
        ),
        Case(statement: SettleSQL.delete, values: ["'{11,12}'", "'{1,1}'"], indexes: ["tasks_pkey"]),
        Case(
            statement: SettleSQL.deleteNoting,
            values: ["'{11,12}'", "'{1,1}'", "'{}'", "'{1,1}'", "'{1,1}'", "'{}'", "'{}'", "'{}'", "'h'", "NULL"],
            indexes: ["tasks_pkey"]
        ),
        Case(
            statement: HistorySQL.noteFailures,
            values: [
                "'{13,14}'", "'{1,1}'", "'{f,t}'", "'{a,b}'", "'{1,1}'", "'{1,1}'", "'{}'", "'{}'", "'{}'", "'h'",
                "NULL",
            ],
            indexes: ["tasks_pkey"]
        ),
        Case(
            statement: HistorySQL.noteEnded,
            values: ["'{18,19}'", "'FAILED'", "'{}'", "false", "NULL"],
            indexes: ["tasks_pkey"]
        ),
        Case(
            statement: SettleSQL.update,
            values: [
                "'{13,14}'", "'{1,1}'", "'{WAITING,FAILED}'", "'{0,0}'", "'{1,NULL}'", "'{a,b}'", "'{t,f}'", "NULL",
            ],
            indexes: ["tasks_pkey"]
        ),
        Case(statement: SettleSQL.renew, values: ["'{15,16}'", "'{1,1}'", "300", "NULL"], indexes: ["tasks_pkey"]),
        Case(statement: SettleSQL.lost, values: ["'{15,16}'", "'{1,1}'"], indexes: ["tasks_pkey"]),
        Case(
            statement: SettleSQL.held,
            values: ["'x'", "'{15}'", "'{1}'"],
            indexes: ["tasks_lease"],
            pages: 1000
        ),
        Case(statement: RecoverSQL.owners, values: [], indexes: ["tasks_lease"]),
        Case(
            statement: RecoverSQL.cut,
            values: ["'{x}'", "300", "86460", "360", "NULL", "NULL"],
            indexes: ["tasks_lease", "tasks_pkey"]
        ),
        Case(
            statement: RecoverSQL.abandoned,
            values: ["'{x}'", "300", "NULL", "1000", "10"],
            indexes: ["tasks_lease"]
        ),
        Case(
            statement: RecoverSQL.takeOver,
            values: ["'{17}'", "'{1}'", "'{WAITING}'", "'{1}'", "'{x}'"],
            indexes: ["tasks_pkey"]
        ),
        Case(statement: LimitSQL.quota, values: ["'{queue}'", "'{default}'", "NULL"], indexes: ["tasks_lease"]),
        Case(
            statement: RecoverSQL.waitingNames,
            values: ["10"],
            indexes: ["tasks_due", "tasks_lock_open", "tasks_crashed"]
        ),
        Case(
            statement: LockSQL.open,
            values: [
                "'{A,B}'", "NULL", "10", "NULL", "'{\"\",\"\"}'", "'{0,0}'", "16", "NULL", "'{}'", "'{}'", "'{}'",
            ],
            indexes: ["tasks_lock_open", "tasks_pkey"]
        ),
        Case(
            statement: LockSQL.open,
            values: [
                "'{A,B}'", "NULL", "10", "NULL", "'{\"\",\"\"}'", "'{-2147483649,-2147483649}'", "16", "'{default,q1}'",
                "'{}'", "'{}'", "'{}'",
            ],
            indexes: ["tasks_lock_open", "tasks_pkey"]
        ),
        Case(
            statement: LockSQL.open,
            values: [
                "'{}'", "NULL", "10", "NULL", "'{}'", "'{}'", "16", "NULL", "'{A,B}'", "'{default,default}'", "'{0,0}'",
            ],
            indexes: ["tasks_lock_open", "tasks_pkey"]
        ),
        Case(
            statement: LockSQL.decide,
            values: ["'{1000203,1000204,1000209}'", "NULL", "'{}'", "10"],
            indexes: ["tasks_pkey", "tasks_lock_holder", "tasks_lock_line"]
        ),
        Case(
            statement: LockSQL.promote,
            values: ["'{k1,k2}'", "NULL"],
            indexes: ["tasks_lock_line", "tasks_lock_holder", "tasks_pkey"]
        ),
        Case(
            statement: LockSQL.crashedWithoutKey,
            values: ["1000"],
            indexes: ["tasks_crashed", "tasks_lock_holder"]
        ),
        Case(
            statement: LockSQL.holdCrashed,
            values: ["'{k1,k2}'"],
            indexes: ["tasks_crashed", "tasks_lock_holder", "tasks_pkey"]
        ),
        Case(statement: LockSQL.free, values: ["'{18}'", "'{1}'"], indexes: ["tasks_pkey"]),
        Case(
            statement: LockSQL.deserted,
            values: ["NULL", "10"],
            indexes: ["tasks_lock_behind", "tasks_lock_holder", "tasks_lock_line"]
        ),
        Case(
            statement: LockSQL.expire,
            values: ["NULL", "10", "'{}'", "10"],
            indexes: ["tasks_expiry", "tasks_pkey"]
        ),
        Case(
            statement: EqualSQL.giveWay,
            values: ["'{11}'", "'{1}'", "'{60}'", "NULL"],
            indexes: ["tasks_pkey", "tasks_dedupe"]
        ),
        Case(
            statement: EqualSQL.remove,
            values: ["'{11}'", "'{1}'", "'{60}'", "NULL"],
            indexes: ["tasks_pkey", "tasks_dedupe"]
        ),
        Case(
            statement: EqualSQL.removeForFailed,
            values: ["'{18}'", "'{1}'", "'{60}'", "NULL"],
            indexes: ["tasks_pkey", "tasks_dedupe"]
        ),
        Case(statement: EqualSQL.keys, values: ["'{11}'", "'{k1}'"], indexes: ["tasks_pkey", "tasks_dedupe"]),
        Case(statement: EqualSQL.lock, values: ["'{11}'"], indexes: ["tasks_pkey"]),
        Case(statement: AdminSQL.equal, values: ["'A'", "'k'"], indexes: ["tasks_dedupe"]),
        Case(statement: WaitSQL.firstDue, values: ["'{A,B,C}'", "'^(?:d.*)$'", "NULL"], indexes: Self.dueIndexes),
        Case(
            statement: WaitSQL.look,
            values: ["'{A,B,C}'", "'^(?:d.*)$'", "1000", "NULL"],
            indexes: Self.lookIndexes
        ),
        Case(
            statement: WaitSQL.look,
            values: ["'{A,B}'", "NULL", "1000", "'{default,q1}'"],
            indexes: Self.lookIndexes
        ),
        Case(
            statement: WaitSQL.firstDue,
            values: ["'{A,B}'", "NULL", "'{default,q1}'"],
            indexes: Self.dueIndexes
        ),
        Case(statement: ScriptSQL.settle, values: ["18", "1"], indexes: ["tasks_pkey"]),
        Case(statement: ScriptSQL.fate, values: ["18", "1"], indexes: ["tasks_pkey"]),
        Case(statement: AdminSQL.show, values: ["18"], indexes: ["tasks_pkey"]),
        Case(statement: AdminSQL.hasten, values: ["'{18,19}'"], indexes: ["tasks_pkey"]),
        Case(statement: AdminSQL.lockKeys, values: ["'{18,19}'"], indexes: ["tasks_pkey"]),
        Case(statement: AdminSQL.delete, values: ["'{18,19}'", "false"], indexes: ["tasks_pkey"]),
        Case(
            statement: AdminSQL.oldFailed,
            values: ["'{A,B}'", "'{60,60}'", "2592000", "NULL", "10"],
            indexes: ["tasks_failed"]
        ),
        Case(statement: AdminSQL.retryThese, values: ["'{18,19}'"], indexes: ["tasks_pkey"]),
        Case(statement: AdminSQL.retry, values: ["'{18,19}'"], indexes: ["tasks_pkey", "tasks_dedupe"]),
        Case(
            statement: ResultSQL.keep,
            values: [
                "'{11,12}'", "'{1,1}'", "'{COMPLETE,FAILED}'", "'{a,NULL}'", "'{NULL,NULL}'", "'{1,0}'", "'{NULL,x}'",
                "'{f,f}'", "'{NULL,NULL}'", "'{NULL,NULL}'", "'{NULL,NULL}'", "'{h,NULL}'", "'{1,NULL}'", "'{60,60}'",
                "NULL",
            ],
            indexes: ["tasks_pkey"]
        ),
        Case(
            statement: ResultSQL.removeCancelled,
            values: ["'{18,19}'", "'{60,60}'", "NULL"],
            indexes: ["tasks_pkey", "tasks_after_batch"]
        ),
        Case(statement: ResultSQL.keepFailed, values: ["'{18,19}'", "'{60,60}'", "NULL"], indexes: ["tasks_pkey"]),
        Case(
            statement: ResultSQL.progress,
            values: ["'{15,16}'", "'{1,1}'", "'{1,2}'", "'{2,NULL}'", "'{a,NULL}'"],
            indexes: ["tasks_pkey"]
        ),
        Case(statement: ResultSQL.cancelRequests, values: ["'{15,16}'", "'{1,1}'"], indexes: ["tasks_pkey"]),
        Case(statement: ResultSQL.requestCancel, values: ["15"], indexes: ["tasks_pkey"]),
        Case(statement: ResultSQL.ids, values: ["'{a,b}'"], indexes: ["tasks_token"]),
        Case(statement: ResultSQL.rows, values: ["'{a,b}'"], indexes: ["tasks_token", "tasks_pkey"]),
        Case(
            statement: ClaimSQL.one,
            values: ["'me'", "300", "NULL", "18", "'{A}'", "NULL", "10"],
            indexes: ["tasks_pkey"]
        ),
        Case(statement: BatchSQL.count, values: ["'{a,b}'", "'{1,2}'", "'{0,0}'"], indexes: ["tasks_after_batch"]),
        Case(statement: BatchSQL.over, values: ["'{a,b}'"], indexes: ["tasks_after_batch", "tasks_batch"]),
        Case(statement: BatchSQL.anyOver, values: ["'{a,b}'"], indexes: ["tasks_after_batch", "tasks_batch"]),
        Case(statement: BatchSQL.failed, values: ["'{a,b}'"], indexes: ["tasks_batch"]),
        Case(statement: BatchSQL.release, values: ["'{18,19}'", "'{1,2}'", "NULL"], indexes: ["tasks_pkey"]),
        Case(statement: BatchSQL.forget, values: ["'{a,b}'"], indexes: ["tasks_after_batch"]),
        Case(statement: BatchSQL.ended, values: ["''", "10"], indexes: ["tasks_after_batch", "tasks_batch"]),
        Case(statement: BatchSQL.anyDeserted, values: [], indexes: ["tasks_after_batch"]),
        Case(statement: BatchSQL.deserted, values: [], indexes: ["tasks_after_batch"]),
        Case(
            statement: WhySQL.facts,
            values: ["'{11,1000203,1000204}'", "NULL", "1000", "100"],
            indexes: ["tasks_pkey", "tasks_batch", "tasks_lock_holder", "tasks_lock_line", "tasks_lease"]
        ),
        Case(statement: WhySQL.held, values: ["1000"], indexes: ["tasks_lease"]),
        Case(statement: WhySQL.waiting, values: ["NULL", "'q1'", "100"], indexes: Self.waitingIndexes),
        Case(statement: WhySQL.waiting, values: ["'OTHER1'", "NULL", "100"], indexes: Self.waitingIndexes),
    ]

    @Test("each statement goes by its index and reads a few pages", arguments: Knowledge.allCases)
    func plans(_ knowledge: Knowledge) async throws {
        try await withStore { fixture in
            let output = try await fixture.psql(Self.script(knowledge))
            for (item, plan) in zip(Self.cases, output.components(separatedBy: "=====\n").dropFirst()) {
                let used = Set(plan.matches(of: /using (\w+) on tasks\b/).map { String($0.1) })
                #expect(used == item.indexes, "\(item.statement.name): \(plan)")
                #expect(!plan.contains("Seq Scan on tasks"), "\(item.statement.name): \(plan)")
                let pages = try #require(plan.firstMatch(of: /Buffers: (?:shared )?(?:hit=(\d+))? ?(?:read=(\d+))?/))
                let read = Int(pages.1 ?? "0").map { $0 + (Int(pages.2 ?? "0") ?? 0) }
                #expect(try #require(read) < item.pages, "\(item.statement.name): \(plan)")
            }
        }
    }

    private static func script(_ knowledge: Knowledge) -> String {
        // As many pages as a run of many years leaves: rows that failed, wait for later, or belong to nobody here.
        let rows = """
            INSERT INTO tasks (task_name, queue, run_at, status)
            SELECT CASE n % 4 WHEN 0 THEN 'A' WHEN 1 THEN 'B' ELSE 'OTHER' || n % 7 END,
                CASE WHEN n % 4 < 2 THEN 'default' ELSE 'q' || n % 3 END,
                now() + CASE WHEN n % 4 < 2 THEN interval '1 day' ELSE interval '-1 day' END,
                CASE WHEN n % 8 < 2 THEN 'FAILED' ELSE 'WAITING' END
            FROM generate_series(1, 1000000) AS n;
            INSERT INTO tasks (task_name, run_at, crashes, status, claim_no, lease_owner, lease_expires_at)
            SELECT CASE WHEN n % 2 = 0 THEN 'A' ELSE 'B' END, now() - interval '2 days',
                CASE WHEN n % 50 = 0 THEN 1 ELSE 0 END, CASE WHEN n % 4 = 3 THEN 'PROCESSING' ELSE 'WAITING' END,
                n % 4 / 3, CASE WHEN n % 4 = 3 THEN 'x' END, CASE WHEN n % 4 = 3 THEN now() + interval '1 hour' END
            FROM generate_series(1, 200) AS n;
            INSERT INTO tasks (task_name, run_at, lock_key, lock_place, dedupe_key, expires_at)
            SELECT CASE WHEN n % 2 = 0 THEN 'A' ELSE 'OTHER' END, now() + interval '1 day' * (n % 3 - 1), 'k' || n % 2000,
                CASE WHEN n <= 2000 THEN n % 3 ELSE n % 2 END, 'k' || n, now() + interval '1 day'
            FROM generate_series(1, 20000) AS n;
            """
        let prepare = cases.enumerated().map { "PREPARE p\($0) AS \($1.statement.sql);" }.joined(separator: "\n")
        let explain = cases.enumerated().map { number, item in
            let values = item.values.isEmpty ? "" : "(\(item.values.joined(separator: ", ")))"
            return """
                \\echo =====
                BEGIN; EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, SUMMARY OFF) EXECUTE p\(number)\(values); ROLLBACK;
                """
        }.joined(separator: "\n")
        let settings = """
            ALTER TABLE tasks SET (autovacuum_enabled = off);
            \(SessionSettings.store.statements);
            SET statement_timeout = 0;
            """
        switch knowledge {
        case .never: return [settings, rows, prepare, explain].joined(separator: "\n")
        case .fresh: return [settings, rows, "VACUUM ANALYZE tasks;", prepare, explain].joined(separator: "\n")
        case .empty:
            // The first EXECUTE makes the plan that is kept.
            let first = explain.replacing(/\\echo =====\n/, with: "")
            return ["\\o /dev/null", settings, "VACUUM ANALYZE tasks;", prepare, first, "\\o", rows, explain]
                .joined(separator: "\n")
        }
    }
}
