import Foundation
import TestSupport
import Testing

/// PostgreSQL behind PgBouncer, in both of its modes.
@Suite("Behind PgBouncer")
struct PoolerTests {
    /// What a program's session is like, told by a client of the pooler.
    private static let session = """
        SELECT name, setting FROM pg_settings WHERE source = 'session' AND name NOT IN ('client_encoding', 'application_name')
        UNION ALL SELECT 'prepared', name FROM pg_prepared_statements
        UNION ALL SELECT 'channel', channel FROM pg_listening_channels() AS channel
        UNION ALL SELECT 'lock', objid::text FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
        """

    @Test(
        "no command leaves a setting, a prepared statement, a channel or a lock in the session that it shares",
        arguments: PgBouncer.Mode.allCases
    )
    func leavesNothing(_ mode: PgBouncer.Mode) async throws {
        let server = try await PostgreSQLServer.start()
        // One connection to the server, which is left as it is when a client leaves.
        let pooler = try await PgBouncer.start(
            mode,
            before: server,
            settings: ["default_pool_size = 1", "server_reset_query =", "server_idle_timeout = 0"]
        )
        let url = pooler.url(server.superuserURL)
        try await Scratch.with(tables: false) { scratch async throws in
            let place = scratch.setting(["TASKRUN_DATABASE": url])
            try place.handler("OK", "exit 0")
            try place.write(
                "SET search_path = public; SET SESSION work_mem = '1MB'; SELECT :id::text;\n",
                to: "handlers/SQL.sql"
            )
            let commands: [[String]] = [
                ["migrate"], ["migrate", "--notify"], ["add", "OK", "{}"], ["add", "SQL", #"{"id":1}"#],
                ["add", "OK", "--lock-key", "k"], ["list"], ["show", "1"], ["status"], ["handlers"], ["once"],
                ["add", "NOBODY"], ["retry", "--all-failed"], ["pause", "q"], ["queues"], ["resume", "q"],
                ["limit", "q", "--running", "3"], ["limit"], ["check"], ["cancel", "4"], ["delete", "4"],
                ["migrate", "--no-notify"], ["migrate", "--status"],
            ]
            for command in commands {
                let answer = try await place.start(command).answer()
                #expect(answer.status == 0 || command[0] == "delete", "\(command): \(answer)")
                #expect(try await server.psql(Self.session, on: url) == "", "\(command)")
            }
        }
        try pooler.stop()
        try await server.stop(.immediate)
    }

    @Test(
        "many commands at once share few connections to the server, and none meets another's statements",
        arguments: Scratch.Database.poolers
    )
    func shares(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", "echo $TASKRUN_TASK_ID >> \"$LOG\"")
            try await withThrowingTaskGroup(of: Answer.self) { group in
                for number in 0..<12 {
                    group.addTask {
                        try await number % 3 == 0
                            ? place.taskrun("once", "--concurrency", "2") : place.taskrun("add", "WORK")
                    }
                }
                for try await answer in group { #expect(answer.status == 0 && answer.errors.isEmpty, "\(answer)") }
            }
            try await place.drain()
            #expect(place.lines().map { Int($0) ?? 0 }.sorted() == Array(1...8))
        }
    }

    @Test(
        "20 runs, some of them killed, lose nothing; what was not in a dead run's hand is performed once",
        arguments: Scratch.Database.poolers
    )
    func runs(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", "echo $TASKRUN_TASK_ID >> \"$LOG\"; sleep 0.0$((TASKRUN_TASK_ID % 4))")
            var doubtful: Set<String> = []
            for round in 1...20 {
                try await place.add(20, columns: "lock_key", values: round % 2 == 0 ? "NULL" : "'key ' || i % 7")
                let runs = try (0..<2).map { _ in try place.start("once", "--concurrency", "3") }
                if round % 4 == 0 {
                    try await Task.sleep(for: .milliseconds(.random(in: 0...300)))
                    kill(runs[0].pid, SIGKILL)
                }
                for (number, run) in runs.enumerated() {
                    let answer = try await run.answer()
                    guard round % 4 != 0 || number > 0 else { continue }
                    #expect(answer.status == 0 && answer.errors.isEmpty, "round \(round): \(answer)")
                }
                doubtful.formUnion(
                    try await place.sql("SELECT id FROM tasks WHERE status = 'PROCESSING' OR crashes > 0")
                )
                let next = try await place.taskrun("once", "--concurrency", "3", "--json")
                #expect(next.status == 0, "round \(round): \(next)")
                doubtful.formUnion(try await place.sql("SELECT id FROM tasks"))
            }
            try await place.drain()
            let counts = Dictionary(grouping: place.lines()) { $0 }.mapValues(\.count)
            #expect(counts.count == 400, "\(400 - counts.count) were lost")
            let doubled = counts.filter { $0.value > 1 && !doubtful.contains($0.key) }
            // Five runs were killed, each with three handlers at most; the run beside it takes over what they had before anybody looks.
            #expect(doubled.allSatisfy { $0.value == 2 } && doubled.count <= 15, "\(doubled)")
        }
    }

    @Test(
        "check names the pooler and its mode, and says where messages do not come through",
        arguments: PgBouncer.Mode.allCases
    )
    func check(_ mode: PgBouncer.Mode) async throws {
        let server = try await PostgreSQLServer.shared()
        let telling = try await PgBouncer.start(mode, before: server, settings: ["stats_users = postgres"])
        try await Scratch.with(mode == .transaction ? .transactions : .sessions) { place in
            let told = place.setting(["TASKRUN_DATABASE": telling.url(try #require(place.direct))])
            #expect(try await told.taskrun("check").output.contains(/pooler +PgBouncer [0-9.]+, in \w+ mode/))
            try #require(try await place.taskrun("migrate", "--notify").status == 0)
            let output = try await place.taskrun("check").output
            #expect(output.contains("PgBouncer, in \(mode.rawValue) mode"), "\(output)")
            #expect(output.contains("no notification comes through") == (mode == .transaction), "\(output)")
            #expect(output.contains("each run keeps one of its connections") == (mode == .session), "\(output)")
            #expect(output.contains("do not come through PgBouncer") == (mode == .transaction), "\(output)")
            #expect(output.contains("wake waiting runs at the commit") == (mode == .session), "\(output)")
            let direct = place.setting(["TASKRUN_LISTEN_DATABASE": try #require(place.direct)])
            #expect(try await direct.taskrun("check").output.contains("wake waiting runs at the commit"))
        }
        try telling.stop()
    }

    @Test("with listen_database a waiting run waits on that, and not on other tables")
    func listenDatabase() async throws {
        try await Scratch.working(.transactions) { place in
            try #require(try await place.taskrun("migrate", "--notify").status == 0)
            try place.handler("WORK", "echo $TASKRUN_TASK_ID >> \"$LOG\"")
            let name = "listener_\(UUID().uuidString.prefix(8))"
            let direct = try #require(place.direct) + "&application_name=\(name)"
            let run = try place.setting(["TASKRUN_LISTEN_DATABASE": direct]).start(
                "once",
                "--linger",
                "--window",
                "600s"
            )
            try await eventually("it never waited there") {
                try await place.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = '\(name)'") == ["1"]
            }
            for number in 1...3 {
                try await place.add(1)
                try await eventually("task \(number) was not performed") { place.lines().count == number }
            }
            kill(run.pid, SIGTERM)
            let end = try await run.answer()
            #expect(end.status == 0 && end.errors.isEmpty, "\(end)")

            try await Scratch.with(.postgresql) { other in
                let stranger = place.setting(["TASKRUN_LISTEN_DATABASE": try #require(other.direct)])
                let answer = try await stranger.taskrun("once", "--linger")
                #expect(answer.status == 78 && answer.errors.contains("names other tables"), "\(answer)")
            }
        }
        try await Scratch.with { place in
            let answer = try await place.setting(["TASKRUN_LISTEN_DATABASE": "sqlite:x.db"]).taskrun("status")
            #expect(answer.status == 78 && answer.errors.contains("listen_database"), "\(answer)")
        }
    }
}
