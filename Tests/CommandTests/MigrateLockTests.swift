import Foundation
import Migrations
import TestSupport
import Testing

@Suite("Migrating beside an application")
struct MigrateLockTests {
    /// A program that has a transaction open on the tables, until it is killed.
    private func hold(_ place: Scratch) async throws -> Call {
        let holder = try Call(
            [
                "psql", "-Xqd", try #require(place.direct), "-c",
                "SET application_name = 'holder'; BEGIN; INSERT INTO tasks (task_name) VALUES ('HELD'); SELECT pg_sleep(3600)",
            ],
            environment: place.environment,
            folder: place.folder
        )
        try await eventually("the holder never began") {
            try await place.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
            ) == ["1"]
        }
        return holder
    }

    @Test(
        "it waits for a lock in slices: no INSERT queues behind it, and it says whom it waits for",
        arguments: [["migrate"], ["migrate", "--notify"]]
    )
    func slices(_ command: [String]) async throws {
        try await Scratch.alone(.postgresql, tables: false) { place in
            let all = Migration.all(for: .postgresql)
            // Version 8 alters the table, for which it needs the lock.
            let there = command.count > 1 ? all[...] : all.prefix { $0.version < 8 }
            for step in there {
                try await place.sql(step.sql)
                try await place.sql(
                    "INSERT INTO task_migrations (version, name, checksum) VALUES (\(step.version), '\(step.name)', '\(step.checksum)')"
                )
            }
            let holder = try await hold(place)
            let migration = try PseudoTerminal.start(command, at: place)
            try await eventually("it never said that it waits") {
                try migration.outputSoFar().contains("which process ")
            }
            #expect(try migration.outputSoFar().contains("(holder) has; trying again each second"))
            // Long enough to meet many slices; an INSERT that waited behind one whole lock_timeout of old would fail.
            for _ in 1...40 {
                try await place.sql("SET lock_timeout = '8s'; INSERT INTO tasks (task_name) VALUES ('APPLICATION')")
                try await Task.sleep(for: .milliseconds(50))
            }
            try await place.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
            )
            _ = try await holder.answer()
            let end = try await migration.answer()
            #expect(end.status == 0 && end.output.contains(command.count > 1 ? "notify" : "hold"), "\(end)")
            #expect(try await place.sql("SELECT count(*) FROM tasks WHERE task_name = 'APPLICATION'") == ["40"])
        }
    }
}
