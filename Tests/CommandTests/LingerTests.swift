import Foundation
import TestSupport
import Testing

@Suite("A run that stays")
struct LingerTests {
    /// A database, and whether it tells waiting runs of new tasks.
    static let places: [(Scratch.Database, Bool)] = [
        (.sqlite, false), (.postgresql, false), (.postgresql, true), (.transactions, true), (.sessions, true),
    ]

    private func with(
        _ kind: Scratch.Database,
        _ notifies: Bool,
        server: PostgreSQLServer? = nil,
        _ body: (Scratch) async throws -> Void
    ) async throws {
        try await Scratch.working(kind, server: server) { place in
            try place.handler("WORK", "echo $TASKRUN_TASK_ID >> \"$LOG\"")
            if notifies { try await place.taskrunOK("migrate", "--notify") }
            try await body(place)
        }
    }

    @Test("begins what another program inserts, and ends with 0 at SIGTERM", arguments: places)
    func inserts(_ kind: Scratch.Database, _ notifies: Bool) async throws {
        try await with(kind, notifies) { place in
            let run = try await place.lingering()
            for number in 1...5 {
                try await place.sql("INSERT INTO tasks (task_name) VALUES ('WORK')")
                try await eventually("task \(number) was not begun") { place.lines().count == number }
            }
            kill(run.pid, SIGTERM)
            let end = try await run.answer()
            #expect(end.status == 0, "\(end)")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("begins what waited for a batch that ends without it: cancelled, deleted, expired", arguments: places)
    func batch(_ kind: Scratch.Database, _ notifies: Bool) async throws {
        try await with(kind, notifies) { place in
            let run = try await place.lingering()
            let ways: [(key: String, end: String?)] = [("", "cancel"), ("", "delete"), (#","expires":"2s""#, nil)]
            for (number, way) in ways.enumerated() {
                // In one transaction: what waits for a batch that has ended already is the next run's.
                let lines = """
                    {"task_name":"WORK","batch":"b\(number)","delay":"1h"\(way.key)}
                    {"task_name":"WORK","after_batch":"b\(number)"}
                    """
                let ids = try await place.taskrun("add", "-", input: lines).output.split(separator: "\n").map(
                    String.init
                )
                try #require(ids.count == 2)
                if let end = way.end { try await place.taskrunOK(end, ids[0]) }
                try await eventually("what waited for batch \(number) was not begun") {
                    place.lines().count == number + 1
                }
                #expect(place.lines().last == ids[1])
            }
            kill(run.pid, SIGTERM)
            #expect(try await run.answer().status == 0)
        }
    }

    @Test("a retry is begun when its backoff is over, not a minute later", arguments: places)
    func retry(_ kind: Scratch.Database, _ notifies: Bool) async throws {
        try await with(kind, notifies) { place in
            try place.write("backoff:\n  base: 1s\n", to: "taskrun.yaml")
            try place.handler("WORK", "echo $TASKRUN_ATTEMPT >> \"$LOG\"; [ $TASKRUN_ATTEMPT = 3 ]")
            let run = try await place.lingering()
            let begun = ContinuousClock.now
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('WORK')")
            try await eventually("the task was not tried again") { place.lines() == ["1", "2", "3"] }
            #expect(begun.duration(to: .now) > .seconds(3))
            kill(run.pid, SIGTERM)
            #expect(try await run.answer().status == 0)
        }
    }

    @Test("hands over to the next run again and again: each task is performed once, none is left", arguments: places)
    func handOver(_ kind: Scratch.Database, _ notifies: Bool) async throws {
        try await with(kind, notifies) { place in
            let adding = Task {
                for _ in 0..<200 { try await place.add(10) }
            }
            var run = try await place.lingering()
            for _ in 0..<5 {
                try await Task.sleep(for: .milliseconds(300))
                let next = try await place.lingering()
                let end = try await run.answer()
                #expect(end.status == 0, "\(end)")
                run = next
            }
            try await adding.value
            try await eventually("some were left") { place.lines().count >= 2000 }
            kill(run.pid, SIGTERM)
            #expect(try await run.answer().status == 0)
            #expect(place.lines().count == 2000 && Set(place.lines()).count == 2000)
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("killed, it is followed by the next run at once; a third one finds two and leaves", arguments: places)
    func killed(_ kind: Scratch.Database, _ notifies: Bool) async throws {
        try await with(kind, notifies) { place in
            let first = try await place.lingering()
            // Stopped, it keeps the turn and answers nobody.
            kill(first.pid, SIGSTOP)
            let second = try place.start("once", "--linger", "--window", "10m", "--log-level", "debug")
            try await eventually("nobody waits for the turn") { place.isLocked(".next") }
            let third = try await place.taskrun("once", "--linger", "--json")
            #expect(third.status == 0 && third.output.contains("\"claimed\":0"), "\(third)")
            kill(first.pid, SIGKILL)
            _ = try await first.answer()
            try await eventually("the turn was not taken") { try second.errorsSoFar().contains("nothing is due") }
            try await place.add(1)
            try await eventually("the task was not begun") { place.lines().count == 1 }
            kill(second.pid, SIGTERM)
            #expect(try await second.answer().status == 0)
        }
    }

    @Test("runs for other queues or names stay beside it", arguments: Scratch.Database.allCases)
    func beside(_ kind: Scratch.Database) async throws {
        try await with(kind, false) { place in
            let runs = [
                try await place.lingering(), try await place.lingering("--queue", "a,b"),
                try await place.lingering("--only", "WORK"),
            ]
            let next = try await place.lingering("--queue", "b,a")
            #expect(try await runs[1].answer().status == 0)
            for run in [runs[0], runs[2], next] {
                #expect(kill(run.pid, SIGTERM) == 0)
                #expect(try await run.answer().status == 0)
            }
        }
    }

    @Test("a window bounds it", arguments: Scratch.Database.allCases)
    func window(_ kind: Scratch.Database) async throws {
        try await with(kind, false) { place in
            let end = try await place.taskrun("once", "--linger", "--window", "1s", "--json")
            let seconds = try #require(try end.objects().first?["seconds"] as? Double)
            #expect(end.status == 0 && seconds >= 1, "\(end)")
            #expect(try await place.taskrun("once", "--linger", "--drain").status == 64)
        }
    }

    @Test("PostgreSQL restarts: it waits for the server and goes on", arguments: [false, true])
    func restart(_ notifies: Bool) async throws {
        let server = try await PostgreSQLServer.start()
        try await with(.postgresql, notifies, server: server) { place in
            let run = try await place.lingering()
            for number in 1...2 {
                try await server.restart(number == 1 ? .fast : .immediate)
                try await place.add(1)
                try await eventually("task \(number) was not begun") { place.lines().count == number }
            }
            kill(run.pid, SIGTERM)
            #expect(try await run.answer().status == 0)
        }
        try await server.stop()
    }

    @Test("a connection that is ended while it waits misses nothing", arguments: [false, true])
    func ended(_ notifies: Bool) async throws {
        try await with(.postgresql, notifies) { place in
            let database = try #require(place.variables["TASKRUN_DATABASE"])
            let named = place.setting(["TASKRUN_DATABASE": database + "&application_name=ended\(notifies)"])
            let run = try await named.lingering()
            for number in 1...3 {
                let gone = try await place.sql(
                    """
                    SELECT count(pg_terminate_backend(pid, 60000)) > 0
                    FROM pg_stat_activity
                    WHERE application_name = 'ended\(notifies)';
                    INSERT INTO tasks (task_name) VALUES ('WORK')
                    """
                )
                #expect(gone == ["t"])
                try await eventually("task \(number) was not begun") { place.lines().count == number }
                try await eventually("it does not wait again") {
                    try await place.sql(
                        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ended\(notifies)'"
                    ) == ["1"]
                }
            }
            kill(run.pid, SIGTERM)
            #expect(try await run.answer().status == 0)
        }
    }

    @Test("the triggers come and go, and --status and check tell which")
    func triggers() async throws {
        try await Scratch.with(.postgresql) { place in
            #expect(try await place.taskrun("migrate", "--status").output.contains("not installed"))
            #expect(try await place.taskrun("migrate", "--notify").output.contains("the notify triggers are in place."))
            #expect(try await place.taskrun("migrate", "--notify").output.hasSuffix(" is up to date.\n"))
            #expect(
                try await place.taskrun("migrate", "--status", "--json").output.contains(
                    "\"name\":\"notify\",\"applied\":true"
                )
            )
            #expect(try await place.taskrun("check").output.contains("wake waiting runs at the commit"))
            #expect(
                try await place.taskrun("migrate", "--no-notify").output.contains("the notify triggers are removed.")
            )
            #expect(try await place.taskrun("check").output.contains("look twelve times a second"))
            #expect(try await place.sql("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'tasks'::regclass") == ["0"])
            let printed = try await place.taskrun("migrate", "--print", "--notify")
            #expect(printed.output.contains("CREATE TRIGGER task_notify_insert"))
        }
        try await Scratch.with(.sqlite) { place in
            let answer = try await place.taskrun("migrate", "--notify")
            #expect(answer.status == 64 && answer.errors.contains("without triggers"), "\(answer)")
        }
    }

    @Test("a database file that is removed or replaced ends it with 78 and a word about it", arguments: [false, true])
    func gone(_ isReplaced: Bool) async throws {
        try await with(.sqlite, false) { place in
            let run = try await place.lingering()
            let other = isReplaced ? "cp tasks.db new.db && mv new.db tasks.db" : "rm tasks.db"
            #expect(try await place.other("sh", "-c", other).status == 0)
            let end = try await run.answer()
            #expect(end.status == 78 && end.errors.contains(isReplaced ? "was replaced" : "was removed"), "\(end)")
        }
    }

    @Test("an application without a busy timeout is never told that the file is locked by a run that waits")
    func neverLocked() async throws {
        try await with(.sqlite, false) { place in
            let run = try await place.lingering()
            let application = """
                import sqlite3
                db = sqlite3.connect("tasks.db", timeout=0, isolation_level=None)
                for number in range(5000):
                    db.execute("INSERT INTO tasks (task_name, run_at) VALUES (?, '2999-01-01')", (("WORK", "OTHER")[number % 2],))
                """
            let answer = try await place.other("python3", "-c", application)
            #expect(answer.status == 0, "\(answer)")
            try await place.add(1)
            try await eventually("the task was not begun") { place.lines().count == 1 }
            kill(run.pid, SIGTERM)
            #expect(try await run.answer().status == 0)
        }
    }
}

extension Scratch {
    /// Starts a run that stays, on a slow machine as well, and waits until nothing is due.
    fileprivate func lingering(_ arguments: String...) async throws -> Call {
        let run = try start(["once", "--linger", "--window", "10m", "--log-level", "debug"] + arguments)
        try await eventually("it does not wait") { try run.errorsSoFar().contains("nothing is due") }
        return run
    }

    /// Whether one of the files for the turn is locked.
    fileprivate func isLocked(_ ending: String) -> Bool {
        let runtime = folder.appending(path: "runtime")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: runtime.path)) ?? []
        guard let name = names.first(where: { $0.hasPrefix("linger-") && $0.hasSuffix(ending) }) else { return false }
        let file = open(runtime.appending(path: name).path, O_RDWR)
        defer { close(file) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return true }
        flock(file, LOCK_UN)
        return false
    }
}
