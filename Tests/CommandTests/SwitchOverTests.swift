import Foundation
import TestSupport
import Testing

/// A server that goes away in other words than "connection refused": read-only for a while, a standby, promoted, waiting for another.
@Suite("A switch-over")
struct SwitchOverTests {
    /// Rounds; `TASKRUN_TEST_KILL_ROUNDS` sets more.
    private static let rounds =
        ProcessInfo.processInfo.environment["TASKRUN_TEST_KILL_ROUNDS"].flatMap(Int.init).map { min($0, 20) } ?? 5

    private static let work = """
        echo "begin $TASKRUN_TASK_ID" >> "$LOG"
        sleep 0.0$((TASKRUN_TASK_ID % 5))
        echo "end $TASKRUN_TASK_ID" >> "$LOG"
        """

    /// Each of these tasks has begun once and ended once.
    private func expectOnce(_ ids: [String], _ place: Scratch, _ comment: Comment) {
        let counts = Dictionary(grouping: place.lines()) { $0 }.mapValues(\.count)
        let wrong = ids.filter { counts["begin \($0)"] != 1 || counts["end \($0)"] != 1 }
        #expect(wrong.isEmpty, "\(comment)")
    }

    @Test("a server that takes no writes for a moment loses and doubles nothing, and the run goes on by itself")
    func readOnly() async throws {
        let server = try await PostgreSQLServer.start()
        try await Scratch.working(.postgresql, server: server) { place in
            try place.handler("WORK", Self.work)
            for round in 1...Self.rounds {
                try? FileManager.default.removeItem(at: place.log)
                try await place.add(40)
                let ids = try await place.sql("SELECT id FROM tasks ORDER BY id")
                let run = try place.start("once", "--concurrency", "4", "--json")
                try await eventually("nothing began") { place.lines().count > round }
                try await server.psql("ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()")
                try await Task.sleep(for: .milliseconds(.random(in: 0...1500)))
                try await server.psql(
                    "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()"
                )
                let end = try await run.answer()
                #expect(end.status == 0 && end.errors.isEmpty, "round \(round): \(end)")
                #expect(try await place.sql("SELECT id, status, attempts FROM tasks") == [], "round \(round)")
                expectOnce(ids, place, "round \(round)")
            }
        }
        try await server.stop(.immediate)
    }

    @Test("a primary that is killed, and a standby promoted in its place, lose and double nothing")
    func promote() async throws {
        for round in 1...Self.rounds {
            let primary = try await PostgreSQLServer.start(settings: ["synchronous_commit = remote_apply"])
            let standby = try await primary.startStandby(name: "standby")
            try await primary.psql("ALTER SYSTEM SET synchronous_standby_names = 'standby'; SELECT pg_reload_conf()")
            try await primary.psql("CREATE SCHEMA app")
            let url = """
                postgresql://postgres@127.0.0.1:\(primary.port),127.0.0.1:\(standby.port)/postgres?target_session_attrs=read-write\
                &options=-csearch_path%3Dapp
                """
            try await Scratch.with(tables: false) { scratch async throws in
                let log = scratch.folder.appending(path: "log").path
                let place = scratch.setting([
                    "TASKRUN_DATABASE": url, "LOG": log, "TASKRUN_ENVIRONMENT": "LOG",
                ])
                try #require(try await place.taskrun("migrate").status == 0)
                try place.handler("WORK", Self.work)
                try await place.add(60)
                let ids = try await place.sql("SELECT id FROM tasks ORDER BY id")
                let run = try place.start("once", "--concurrency", "4", "--json")
                try await eventually("nothing began") { place.lines().count > 2 * round }
                try await primary.stop(.immediate)
                try await Task.sleep(for: .milliseconds(.random(in: 0...500)))
                try await standby.promote()
                let end = try await run.answer()
                #expect(end.status == 0 && end.errors.isEmpty, "round \(round): \(end)")
                #expect(try await place.sql("SELECT id, status, attempts FROM tasks") == [], "round \(round)")
                expectOnce(ids, place, "round \(round)")
            }
            try await standby.stop(.immediate)
        }
    }

    @Test("a standby says that it is one, also with nothing due; and what only reads goes on")
    func standby() async throws {
        let primary = try await PostgreSQLServer.start()
        try await Scratch.with(.postgresql, server: primary) { place in
            try place.handler("WORK", "exit 0")
            let standby = try await primary.startStandby(name: "standby")
            let url = try #require(place.direct)
                .replacing(
                    "host=\(primary.folder.path)&port=\(primary.port)",
                    with: "host=\(standby.folder.path)&port=\(standby.port)"
                )
            let there = place.setting(["TASKRUN_DATABASE": url])
            try await eventually("the standby never had the tables") { try await there.taskrun("list").status == 0 }
            for isDue in [false, true] {
                if isDue {
                    try await place.add(1)
                    try await eventually("the standby never had the task") {
                        try await there.taskrun("list").output.contains("WORK")
                    }
                }
                for command in [["once"], ["once", "--linger"]] {
                    let answer = try await there.start(command).answer()
                    #expect(answer.status == 75, "\(command): \(answer)")
                    let isOne =
                        answer.errors.split(separator: "\n").count == 1 && answer.errors.contains("is a standby")
                    #expect(isOne, "\(answer)")
                }
            }
            #expect(try await there.taskrun("add", "WORK").status == 75)
            #expect(try await there.taskrun("status").status == 0)
            #expect(try await there.taskrun("check").output.contains("the server is a standby"))
            // Where no server of the address takes writes, nothing is wrong with the settings either.
            let both = place.setting(["TASKRUN_DATABASE": url + "&target_session_attrs=read-write"])
            #expect(try await both.taskrun("once").status == 75)
            try await standby.stop(.immediate)
        }
        try await primary.stop(.immediate)
    }

    @Test(
        "a synchronous standby that is away: what is added is there and said, a run claims nothing more, and no backend stays behind"
    )
    func missingStandby() async throws {
        let server = try await PostgreSQLServer.start()
        try await Scratch.working(.postgresql, server: server) { place in
            try place.handler("WORK", Self.work)
            try await place.add(2)
            try await server.psql("ALTER SYSTEM SET synchronous_standby_names = 'away'; SELECT pg_reload_conf()")
            try await eventually("the settings were not read") {
                try await server.psql("SHOW synchronous_standby_names") == "away"
            }
            let added = try await place.taskrun("add", "WORK")
            #expect(added.status == 0 && added.output == "3\n", "\(added)")
            #expect(added.errors.contains("synchronous standby"), "\(added)")
            let run = try await place.taskrun("once", "--window", "20s", "--concurrency", "1")
            #expect(run.status == 75, "\(run)")
            #expect(
                run.errors.split(separator: "\n").count == 1 && run.errors.contains("synchronous standby"),
                "\(run)"
            )
            let ids = Set(place.lines().compactMap { $0.split(separator: " ").last.map(String.init) })
            expectOnce(Array(ids), place, "while it was away")
            let stuck = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            #expect(try await server.psql(stuck) == "0")
            try await server.psql(
                "SET synchronous_commit = local; ALTER SYSTEM RESET synchronous_standby_names; SELECT pg_reload_conf()"
            )
            try await place.drain()
            expectOnce(["1", "2", "3"], place, "in the end")
        }
        try await server.stop(.immediate)
    }

    @Test("a column that changes its type while a run stays does not end the run")
    func changedType() async throws {
        try await Scratch.working(.postgresql) { place in
            try place.handler("WORK", Self.work)
            let run = try place.start("once", "--linger", "--window", "60s")
            for round in 1...3 {
                try await place.add(1)
                try await eventually("task \(round) was not performed") { place.lines().count == 2 * round }
                let length = 300 + round
                try await place.sql("ALTER TABLE tasks ALTER COLUMN token TYPE varchar(\(length))")
            }
            kill(run.pid, SIGTERM)
            let end = try await run.answer()
            #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
        }
    }
}
