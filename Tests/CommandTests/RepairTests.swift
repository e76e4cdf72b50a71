import Foundation
import Testing

@Suite("The repair of many tasks")
struct RepairTests {
    @Test(
        "retry --all-failed takes a transaction for each 10,000 rows, sends equal ones back once, and shows how far it is",
        arguments: Scratch.Database.allCases
    )
    func retry(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            // 40,000 plain ones, 12,000 equal to each other, 3,000 that each have an older equal one waiting, in a batch.
            try await place.sql(
                """
                WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 55000)
                INSERT INTO tasks (task_name, status, attempts, dedupe_key, batch)
                SELECT 'A', CASE WHEN n > 52000 THEN 'WAITING' ELSE 'FAILED' END, 3,
                    CASE WHEN n > 52000 THEN 'k' || (n - 52000) WHEN n > 40000 THEN 'same' END,
                    CASE WHEN n > 52000 THEN 'b' END
                FROM number
                """
            )
            try await place.sql(
                """
                INSERT INTO tasks (task_name, status, dedupe_key)
                SELECT 'A', 'FAILED', dedupe_key FROM tasks WHERE batch = 'b';
                INSERT INTO tasks (task_name, after_batch) VALUES ('A', 'b')
                """
            )
            let answer = try await PseudoTerminal.run(["retry", "--all-failed"], at: place)
            #expect(answer.status == 0 && answer.output.contains("43001 tasks made WAITING again."), "\(answer)")
            if database == .postgresql {
                #expect(answer.output.contains("Retrying") && answer.output.contains("\r\u{1b}[K"), "\(answer)")
            }
            #expect(try await place.sql("SELECT count(*) FROM tasks WHERE status = 'WAITING'") == ["43002"])
            #expect(try await place.sql("SELECT count(DISTINCT run_at) > 4 FROM tasks WHERE attempts = 0") != ["f"])
            #expect(try await place.sql("SELECT count(*) FROM tasks WHERE batch = 'b' OR after_batch = 'b'") == ["0"])
            #expect(
                try await place.sql("SELECT max(id) FROM tasks WHERE dedupe_key = 'same' AND status = 'WAITING'") == [
                    "52000"
                ]
            )
        }
    }

    @Test("many tasks named by their numbers are deleted and cancelled", arguments: Scratch.Database.allCases)
    func named(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try await place.sql(
                """
                WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 12000)
                INSERT INTO tasks (task_name, lock_key) SELECT 'A', 'k' || n % 10 FROM number
                """
            )
            let ids = (1...11_000).map { "\($0)" }
            let deleted = try await place.start(["delete"] + ids).answer()
            #expect(deleted.status == 0 && deleted.lines.count == 11_000, "\(deleted.errors)")
            let cancelled = try await place.start(["cancel"] + (11_001...11_500).map { "\($0)" }).answer()
            #expect(cancelled.status == 0 && cancelled.lines.count == 500, "\(cancelled.errors)")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["500"])
        }
    }
}
