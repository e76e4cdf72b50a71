import Foundation
import TaskRun
import TestSupport
import Testing

@testable import PostgreSQLStore

@Suite("The administration on PostgreSQL")
struct AdminTests {
    @Test("gives each column its value, and the table's default to those that are not set")
    func add() async throws {
        try await withStore { fixture in
            let moment = Date(timeIntervalSince1970: 1_800_000_000.25)
            let full = NewTask(
                name: "A",
                data: #"["ü", "\"", "{}", 1.0]"#,
                queue: "q",
                priority: -3,
                runAt: moment,
                maxAttempts: 4,
                timeoutSeconds: 5
            )
            let late = NewTask(name: "B", delay: .seconds(3600))
            #expect(try await fixture.store.add([full, full, NewTask(name: "C"), late, full]) == [1, 2, 3, 4, 5])
            let row = try #require(try await fixture.store.show(5))
            #expect(row.data == #"["ü", "\"", "{}", 1.0]"# && row.queue == "q" && row.priority == -3)
            #expect(row.runAt == moment && row.maxAttempts == 4 && row.timeoutSeconds == 5)
            let plain = try #require(try await fixture.store.show(3))
            #expect(plain.data == "{}" && plain.queue == "default" && plain.priority == 0 && plain.maxAttempts == nil)
            let seconds = try await fixture.psql(
                "SELECT extract(epoch FROM run_at - created_at)::int FROM tasks WHERE id = 4"
            )
            #expect(seconds == "3600")
        }
    }

    @Test(
        "refuses what the table does not take, and adds nothing then",
        arguments: [
            NewTask(name: "../x"), NewTask(name: ""), NewTask(name: "A", data: "{"), NewTask(name: "A", data: ""),
            NewTask(name: "A\0B"), NewTask(name: "A", data: "\"\0\""), NewTask(name: "A", priority: .max),
            NewTask(name: "A", maxAttempts: 0), NewTask(name: "A", runAt: Date(timeIntervalSince1970: 1e15)),
            NewTask(name: "A", runAt: Date(timeIntervalSince1970: .infinity)),
            NewTask(name: "A", delay: .seconds(1e14)),
        ]
    )
    func refused(_ task: NewTask) async throws {
        try await withStore { fixture in
            let error = try await storeError { try await fixture.store.add([NewTask(name: "A"), task]) }
            #expect(error?.code == .refused, "\(String(describing: error))")
            #expect(try await fixture.psql("SELECT count(*) FROM tasks") == "0")
        }
    }

    @Test("refuses what a user's own trigger refuses")
    func trigger() async throws {
        try await withStore { fixture in
            try await fixture.psql(
                """
                CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
                CREATE TRIGGER no BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION no();
                """
            )
            let error = try await storeError { try await fixture.store.add([NewTask(name: "A")]) }
            #expect(error?.code == .refused && error?.cause == "not today (SQLSTATE P0001)")
        }
    }

    @Test("adds many in one transaction, in order, whatever columns they set")
    func bulk() async throws {
        try await withStore { fixture in
            let tasks = (0..<5000).map { NewTask(name: "A", priority: $0 % 1000 < 500 ? nil : $0) }
            let ids = try await fixture.store.add(tasks)
            #expect(ids == (1...5000).map { Int64($0) })
            let sum = tasks.compactMap(\.priority).reduce(0, +)
            #expect(try await fixture.psql("SELECT count(DISTINCT created_at), sum(priority) FROM tasks") == "1|\(sum)")
        }
    }

    @Test("gives a payload back byte by byte, as json keeps it")
    func payload() async throws {
        try await withStore { fixture in
            let data = #" {"id": 34532, "with_opts ": true, "id": 1e400, "x": "\u0000" } "#
            _ = try await fixture.store.add([NewTask(name: "A", data: data)])
            #expect(try await fixture.claim(1).first?.data == Array(data.utf8))
        }
    }

    @Test("shows moments that no calendar has as none")
    func infinite() async throws {
        try await withStore { fixture in
            try await fixture.psql(
                "INSERT INTO tasks (task_name, status, lease_expires_at) VALUES ('A', 'PROCESSING', 'infinity')"
            )
            #expect(try await fixture.store.list(TaskFilter()).map(\.leaseExpiresAt) == [nil])
            #expect(
                try await fixture.store.summary().holders == [
                    TableSummary.Holder(owner: nil, tasks: 1, firstLeaseEnd: nil)
                ]
            )
            #expect(try await fixture.store.recover(RecoverRequest()) == [])
        }
    }

    @Test("sends back more FAILED rows than one transaction takes")
    func retry() async throws {
        try await withStore { fixture in
            try await fixture.psql(
                """
                INSERT INTO tasks (task_name, status, attempts, crashes)
                SELECT CASE WHEN n % 3 = 0 THEN 'B' ELSE 'A' END, 'FAILED', 3, 5 FROM generate_series(1, 21000) AS n
                """
            )
            #expect(try await fixture.store.retry(.name("B")) == (1...7000).map { Int64($0 * 3) })
            #expect(try await fixture.store.retry(.ids([3, 2, 1, 99999, 1])) == [1, 2])
            #expect(try await fixture.store.retry(.all).count == 13998)
            let rest =
                "SELECT count(*) FROM tasks WHERE status = 'WAITING' AND attempts = 0 AND crashes = 0 AND run_at <= now()"
            #expect(try await fixture.psql(rest) == "21000")
        }
    }

    @Test("recovers at most 1,000 rows a call, those whose lease ended first of all")
    func recover() async throws {
        try await withStore { fixture in
            try await fixture.psql(
                """
                INSERT INTO tasks (task_name, status, lease_owner, lease_expires_at, claim_no)
                SELECT 'A', 'PROCESSING', 'x', now() - make_interval(secs => n), 1 FROM generate_series(1, 2500) AS n
                """
            )
            #expect(try await fixture.store.recover(RecoverRequest()).map(\.id).contains(2500))
            #expect(try await fixture.store.recover(RecoverRequest()).count == 1000)
            #expect(try await fixture.store.recover(RecoverRequest()).count == 500)
            #expect(try await fixture.store.recover(RecoverRequest()).isEmpty)
        }
    }

    @Test("names waiting tasks, those included whose run died")
    func waitingNames() async throws {
        try await withStore { fixture in
            try await fixture.psql(
                """
                INSERT INTO tasks (task_name, crashes, status, run_at)
                SELECT 'N' || n % 40, CASE WHEN n % 40 = 7 THEN 1 ELSE 0 END, CASE WHEN n % 40 = 8 THEN 'FAILED' ELSE 'WAITING' END,
                    now() + interval '1 day'
                FROM generate_series(1, 400) AS n
                """
            )
            let names = try await fixture.store.waitingNames(limit: 100)
            #expect(Set(names) == Set((0..<40).filter { $0 != 8 }.map { "N\($0)" }) && names.count == 39)
            #expect(try await fixture.store.waitingNames(limit: 5).count == 5)
        }
    }
}

@Suite("The findings about a server")
struct FindingsTests {
    private let facts = ServerFacts(
        version: "15.1",
        versionNumber: 150001,
        encoding: "UTF8",
        isInRecovery: false,
        isReadOnly: false,
        fsync: "on",
        synchronousCommit: "on",
        clockAhead: 0.2,
        horizonHolder: nil
    )

    private func level(_ subject: String, _ change: (inout ServerFacts) -> Void) -> Finding.Level? {
        var facts = facts
        change(&facts)
        return facts.findings(location: "x").first { $0.subject == subject }?.level
    }

    @Test("is that all is well where it is")
    func fine() {
        #expect(facts.findings(location: "x").allSatisfy { $0.level == .ok && $0.advice == nil })
    }

    @Test("is what does not work, and what should be looked at")
    func trouble() {
        #expect(level("server version") { $0.versionNumber = 120_022 } == .error)
        #expect(level("encoding") { $0.encoding = "SQL_ASCII" } == .error)
        #expect(level("access") { $0.isInRecovery = true } == .error)
        #expect(level("access") { $0.isReadOnly = true } == .error)
        #expect(level("durability") { $0.fsync = "off" } == .warning)
        #expect(level("durability") { $0.synchronousCommit = "off" } == .warning)
        #expect(level("clock") { $0.clockAhead = -5.1 } == .warning)
        #expect(level("clock") { $0.clockAhead = 4.9 } == .ok)
        for (age, level) in [(299, Finding.Level.ok), (300, .warning)] {
            let hold = HorizonHolder.Hold(start: Date(), age: .seconds(age))
            let holder = HorizonHolder(kind: .preparedTransaction(name: "x"), hold: hold)
            #expect(self.level("transactions") { $0.horizonHolder = holder } == level)
        }
    }

    @Test("is read from a real one")
    func real() async throws {
        try await withStore { fixture in
            let findings = try await fixture.store.findings()
            #expect(findings.filter { $0.level == .error }.isEmpty)
            #expect(findings.contains { $0.subject == "durability" && $0.found == "fsync is off" })
        }
    }
}
