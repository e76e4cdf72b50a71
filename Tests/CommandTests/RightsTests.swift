import Foundation
import TestSupport
import Testing

@Suite("Rights on PostgreSQL")
struct RightsTests {
    /// The page's statements for a role, in the schema of a test.
    private func grants(_ kind: String, to role: String, in schema: String) throws -> String {
        let snippet = try #require(try Snippet.all(in: "docs/permissions.md").first { $0.kind == kind })
        return "SET search_path = \(schema); "
            + snippet.text.replacing("SCHEMA public", with: "SCHEMA \(schema)")
            .replacing("TO app", with: "TO \(role)").replacing("TO worker", with: "TO \(role)")
            .replacing("FROM worker", with: "FROM \(role)")
    }

    private func isRefused(_ sql: String, _ place: Scratch) async throws -> Bool {
        let url = try #require(place.variables["TASKRUN_DATABASE"])
        return try await place.other("psql", "-XqAt", "-d", url, "-c", sql).errors.contains(/denied|must be owner/)
    }

    @Test("a worker that may not delete says so once for each task, and performs none of them twice")
    func withoutDelete() async throws {
        try await Scratch.with(.postgresql) { owner in
            let url = try #require(owner.variables["TASKRUN_DATABASE"])
            let schema = try #require(url.split(separator: "%3D").last.map(String.init))
            let role = "keeping_\(schema)"
            // A setting of the role that changes how lists with NULL are read.
            try await owner.sql(
                """
                CREATE ROLE \(role) LOGIN; ALTER ROLE \(role) SET array_nulls = off;
                GRANT USAGE ON SCHEMA \(schema) TO \(role);
                GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(schema) TO \(role);
                """
            )
            let place = owner.setting(["TASKRUN_DATABASE": url.replacing("postgres@/", with: "\(role)@/")])
            try owner.handler("WORK", "echo done >> log")
            try await owner.sql("INSERT INTO tasks (task_name, token) VALUES ('WORK', 't'), ('WORK', NULL)")
            let all = try await place.taskrun("once")
            #expect(all.status == 0 && all.errors.isEmpty, "\(all)")
            #expect(try await owner.sql("SELECT count(*) FROM tasks") == ["0"])
            try await owner.sql("REVOKE DELETE ON tasks FROM \(role)")
            try await owner.sql("INSERT INTO tasks (task_name, token) VALUES ('WORK', 't2'), ('WORK', NULL)")
            let run = try await place.taskrun("once")
            #expect(run.errors.contains("performed, but its row cannot be deleted: permission denied"), "\(run)")
            #expect(try await place.taskrun("once").errors.isEmpty)
            #expect(try await owner.sql("SELECT status FROM tasks") == ["FAILED", "FAILED"])
            let log = try String(contentsOf: owner.folder.appending(path: "log"), encoding: .utf8)
            #expect(log.split(separator: "\n").count == 4)
            try await owner.sql("DROP OWNED BY \(role); DROP ROLE \(role)")
        }
    }

    @Test(
        "that the page gives an application are enough to add tasks, and for nothing else; a worker's are enough to perform them"
    )
    func least() async throws {
        try await Scratch.with(.postgresql) { owner in
            let url = try #require(owner.variables["TASKRUN_DATABASE"])
            let schema = try #require(url.split(separator: "%3D").last.map(String.init))
            let (app, worker) = ("app_\(schema)", "worker_\(schema)")
            try await owner.sql("CREATE ROLE \(app) LOGIN; CREATE ROLE \(worker) LOGIN")
            try await owner.sql(try grants("application", to: app, in: schema))
            try await owner.sql(try grants("worker", to: worker, in: schema))
            func place(_ role: String) -> Scratch {
                owner.setting(["TASKRUN_DATABASE": url.replacing("postgres@/", with: "\(role)@/")])
            }
            let application = place(app)
            let ids = try await application.sql(
                """
                INSERT INTO tasks (task_name, data, queue, priority, run_at, max_attempts, timeout_seconds, dedupe_key, lock_key,
                    expires_at, token, batch)
                VALUES ('WORK', '1', 'mail', 1, now(), 3, 60, 'd', 'l', now() + interval '1 day', 'token', 'batch')
                ON CONFLICT (task_name, dedupe_key) WHERE status = 'WAITING' AND dedupe_key IS NOT NULL DO NOTHING
                RETURNING id
                """
            )
            #expect(ids == ["1"])
            try await application.sql("INSERT INTO tasks (task_name, after_batch) VALUES ('WORK', 'batch')")
            for refused in [
                "INSERT INTO tasks (id, task_name) VALUES (7, 'WORK')",
                "INSERT INTO tasks (task_name, status) VALUES ('WORK', 'PROCESSING')",
                "INSERT INTO tasks (task_name, lease_expires_at) VALUES ('WORK', '9999-12-31')",
                "UPDATE tasks SET queue = 'x'", "DELETE FROM tasks", "SELECT data FROM tasks",
                "INSERT INTO task_limits (kind, name, max_running) VALUES ('name', 'WORK', 0)",
            ] {
                #expect(try await isRefused(refused, application), "\(refused)")
            }
            try owner.handler("WORK", "cat > /dev/null; echo done")
            let run = try await place(worker).taskrun("once")
            #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
            #expect(try await owner.sql("SELECT count(*) FROM tasks") == ["0"])
            #expect(
                try await application.sql("SELECT state, result FROM task_results WHERE token = 'token'") == [
                    "COMPLETE|done"
                ]
            )
            for refused in ["ALTER TABLE tasks ADD COLUMN x integer", "UPDATE task_migrations SET checksum = ''"] {
                #expect(try await isRefused(refused, place(worker)), "\(refused)")
            }
            try await owner.sql("DROP OWNED BY \(app), \(worker); DROP ROLE \(app), \(worker)")
        }
    }
}
