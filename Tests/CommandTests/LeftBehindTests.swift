import Foundation
import TaskRun
import Testing

/// What a run that was killed left at work, and who may say that it is dead.
@Suite struct LeftBehindTests {
    /// What handlers do that makes them hard to find, or hard to end.
    enum Disguise: String, CaseIterable, CustomTestStringConvertible {
        case title, noEnvironment, otherSession, deaf, stream
        var testDescription: String { rawValue }

        var file: String { self == .stream ? "handlers/WORK.stream.py" : "handlers/WORK" }

        /// Writes `begin PID` for what has to end; a second attempt, with the file `go` in place, ends at once.
        var program: String {
            switch self {
            case .title:
                """
                #!/usr/bin/perl
                $0 = "something else" . (" " x 900); my $log = $ENV{LOG}; %ENV = ();
                if (-e "go") { exit 0 }
                open(my $file, ">>", $log); print $file "begin $$\\n"; close $file;
                sleep 3600;
                """
            case .noEnvironment:
                "#!/bin/sh\n[ -e go ] && exit 0\nexec env -i sh -c \"echo begin \\$\\$ >> '$LOG'; exec sleep 3600\"\n"
            case .otherSession:
                """
                #!/bin/sh
                [ -e go ] && exit 0
                env -i setsid sh -c "echo begin \\$\\$ >> '$LOG'; exec sleep 3600" &
                wait
                """
            case .deaf:
                "#!/bin/sh\n[ -e go ] && exit 0\ntrap '' TERM HUP INT\necho begin $$ >> \"$LOG\"\n"
                    + "while :; do sleep 1; done\n"
            case .stream:
                """
                #!/usr/bin/env python3
                import json, os, subprocess, sys
                print('{"hello":1}', flush=True)
                for line in sys.stdin:
                    if not os.path.exists("go"):
                        child = subprocess.Popen(["sleep", "3600"], env={}, start_new_session=True)
                        with open(os.environ["LOG"], "a") as log: log.write(f"begin {child.pid}\\n")
                        child.wait()
                    print(json.dumps({"task": json.loads(line)["task"], "ok": True}), flush=True)
                """
            }
        }
    }

    /// A run whose handler has begun.
    private func begin(_ place: Scratch, lockKey: Bool = false) async throws -> (run: Call, handler: pid_t) {
        try? FileManager.default.removeItem(at: place.log)
        try await place.add(1, columns: lockKey ? "lock_key" : "", values: lockKey ? "'customer 7'" : "")
        let run = try place.start("once")
        try await eventually("the handler never began") { place.lines().count == 1 }
        let handler = try #require(place.lines()[0].split(separator: " ").last.flatMap { pid_t($0) })
        return (run, handler)
    }

    private func kill(_ run: Call) async throws {
        Foundation.kill(run.pid, SIGKILL)
        _ = try await run.answer()
    }

    /// Kills the small process that ends the handlers of a run that is gone.
    private func killWatcher(of run: Call) throws {
        let watchers = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }
            .filter { words($0) == ["ends-handlers-of-run", "\(run.pid)"] }
        #expect(watchers.count == 1)
        for watcher in watchers { Foundation.kill(watcher, SIGKILL) }
    }

    private func words(_ pid: pid_t) -> [String] {
        let bytes = (try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline"))) ?? Data()
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a process is there and has not ended; one that has ended may wait for somebody to take note (state Z).
    private func isAtWork(_ pid: pid_t) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
        return !stat.contains(") Z ")
    }

    @Test("handlers and what they started end when their run is killed", arguments: Disguise.allCases)
    func endWithRun(_ disguise: Disguise) async throws {
        try await Scratch.working(.sqlite) { place in
            try place.write(disguise.program, to: disguise.file, mode: 0o755)
            let (run, handler) = try await begin(place)
            #expect(isAtWork(handler))
            try await kill(run)
            try await eventually("the handler goes on without its run") { !isAtWork(handler) }
        }
    }

    @Test(
        "the next run ends what nothing else has ended before it begins the task again",
        arguments: Scratch.Database.allCases,
        Disguise.allCases
    )
    func ended(_ database: Scratch.Database, _ disguise: Disguise) async throws {
        try await Scratch.working(database) { place in
            try place.write(disguise.program, to: disguise.file, mode: 0o755)
            let (run, handler) = try await begin(place, lockKey: disguise == .title)
            try killWatcher(of: run)
            try await kill(run)
            #expect(isAtWork(handler))
            try place.write("", to: "go")
            let next = try await place.taskrun("once", "--json")
            #expect(
                next.status == 0 && next.output.contains("\"recovered\":1") && next.output.contains("\"succeeded\":1"),
                "\(next)"
            )
            #expect(!isAtWork(handler), "two attempts at the same time")
        }
    }

    @Test("what another user's run left at work is waited for", arguments: Scratch.Database.allCases)
    func anotherUser(_ database: Scratch.Database) async throws {
        try #require(geteuid() == 0, "run the tests as root: they become another user")
        try await Scratch.working(database) { place in
            try place.write(Disguise.noEnvironment.program, to: "handlers/WORK", mode: 0o755)
            let (run, handler) = try await begin(place)
            // Not in the middle of a write: that would leave a journal of root's, which no other user may write.
            try await eventually("the run has its row") {
                try await place.sql("SELECT count(*) FROM task_runs") == ["1"]
            }
            try killWatcher(of: run)
            try await kill(run)
            // Of an SQLite file both the folder and the file are written to. Sticky: handlers in it are obeyed.
            chmod(place.folder.path, 0o1777)
            if database == .sqlite { chmod(place.folder.appending(path: "tasks.db").path, 0o666) }
            if let address = place.variables["TASKRUN_DATABASE"],
                let socket = URLComponents(string: address)?.queryItems?.first(where: { $0.name == "host" })?.value
            {
                chmod(socket, 0o755)
            }
            let other = place.setting(["TASKRUN_RUNTIME_DIRECTORY": place.folder.appending(path: "other").path])
            try place.write("", to: "go")
            func once() async throws -> Answer {
                try await other.other(
                    "setpriv",
                    "--reuid=65534",
                    "--regid=65534",
                    "--clear-groups",
                    Self.readable,
                    "once",
                    "--json"
                )
            }
            let kept = try await once()
            #expect(kept.status == 0 && kept.output.contains("\"recovered\":0"), "\(kept)")
            #expect(isAtWork(handler))
            Foundation.kill(handler, SIGKILL)
            try await eventually("it does not end") { !isAtWork(handler) }
            let taken = try await once()
            #expect(taken.output.contains("\"recovered\":1") && taken.output.contains("\"succeeded\":1"), "\(taken)")
        }
    }

    /// The binary at a place where every user can run it.
    private static let readable: String = {
        let copy = FileManager.default.temporaryDirectory.appending(path: "taskrun-for-all-\(getpid())").path
        try? FileManager.default.copyItem(atPath: Scratch.binary, toPath: copy)
        chmod(copy, 0o755)
        return copy
    }()

    @Test("without the record of a dead run what it left cannot be seen, and its lease is waited for")
    func noRecord() async throws {
        try await Scratch.working(.sqlite) { place in
            try place.write(Disguise.noEnvironment.program, to: "handlers/WORK", mode: 0o755)
            let (run, handler) = try await begin(place)
            try killWatcher(of: run)
            try await kill(run)
            let owner = try #require(try await RunIdentity(text: place.sql("SELECT lease_owner FROM tasks").joined()))
            let record = "/tmp/taskrun-runs/\(owner.bootID)-\(owner.namespace)-\(owner.pid)-\(owner.startTicks)"
            #expect(FileManager.default.fileExists(atPath: record))
            try FileManager.default.moveItem(atPath: record, toPath: record + "-away")
            try place.write("", to: "go")
            #expect(try await place.taskrun("once", "--json").output.contains("\"recovered\":0"))
            #expect(isAtWork(handler))
            try FileManager.default.moveItem(atPath: record + "-away", toPath: record)
            #expect(try await place.taskrun("once", "--json").output.contains("\"recovered\":1"))
            #expect(!isAtWork(handler))
        }
    }

    @Test("a run that ends well leaves no record", arguments: Scratch.Database.allCases)
    func noLitter(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            // A process number alone could be that of an earlier run, whose record is still there.
            try place.handler(
                "WORK",
                "echo $PPID-$(cut -d ' ' -f 22 /proc/$PPID/stat) >> \"$LOG\"; ls /tmp/taskrun-runs >> ls"
            )
            try await place.add(2)
            #expect(try await place.taskrun("once").status == 0)
            let run = try #require(place.lines().first)
            let during = try String(contentsOf: place.folder.appending(path: "ls"), encoding: .utf8)
            #expect(during.split(separator: "\n").contains { $0.hasSuffix("-\(run)") })
            let left = try FileManager.default.contentsOfDirectory(atPath: "/tmp/taskrun-runs")
            #expect(!left.contains { $0.hasSuffix("-\(run)") })
        }
    }

    @Test(
        "the lease of a run of this machine before its last boot is over at once",
        arguments: Scratch.Database.allCases
    )
    func boot(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", "[ -e go ] && exit 0\necho begin $$ >> \"$LOG\"\nexec sleep 3600")
            let (run, _) = try await begin(place)
            try await kill(run)
            try place.write("", to: "go")
            let owner = try #require(try await RunIdentity(text: place.sql("SELECT lease_owner FROM tasks").joined()))
            // Of another machine nothing is known, whatever its boot.
            for (host, machine, recovered) in [
                ("other", owner.machine, 0), (owner.host, "0123", 0), (owner.host, owner.machine, 1),
            ] {
                let text = RunIdentity(
                    host: host,
                    pid: owner.pid,
                    startTicks: owner.startTicks,
                    bootID: "11111111-2222-3333-4444-555555555555",
                    namespace: owner.namespace,
                    machine: machine,
                    user: owner.user
                ).text
                try await place.sql("UPDATE tasks SET lease_owner = '\(text)'")
                let answer = try await place.taskrun("once", "--json")
                #expect(answer.output.contains("\"recovered\":\(recovered)"), "\(text): \(answer)")
            }
        }
    }

    @Test("retry and delete take tasks of dead runs, and no others", arguments: Scratch.Database.allCases)
    func byHand(_ database: Scratch.Database) async throws {
        try await Scratch.working(database) { place in
            try place.handler("WORK", "echo begin $$ >> \"$LOG\"\nexec sleep 3600")
            var (run, handler) = try await begin(place)
            #expect(try await place.taskrun("retry", "1").status == 1)
            #expect(try await place.taskrun("delete", "1").output.contains("a run holds it"))
            try await kill(run)
            #expect(try await place.taskrun("retry", "1").lines == ["1 is WAITING again"])
            #expect(!isAtWork(handler))
            #expect(try await place.sql("SELECT status, crashes FROM tasks") == ["WAITING|1"])
            try await place.sql("DELETE FROM tasks")
            (run, handler) = try await begin(place)
            try await kill(run)
            let deleted = try await place.taskrun("delete", "2")
            #expect(deleted.status == 0 && deleted.lines == ["2 is deleted"], "\(deleted)")
            #expect(!isAtWork(handler))
        }
    }

    @Test("SIGHUP asks for a stop as SIGTERM does, but where it was ignored from the start")
    func hangup() async throws {
        try await Scratch.working(.sqlite) { place in
            try place.write("grace: 10s\n", to: "taskrun.yaml")
            try place.handler("WORK", "echo begin $$ >> \"$LOG\"\nwhile [ ! -e go ]; do sleep 0.1; done")
            let (run, _) = try await begin(place)
            Foundation.kill(run.pid, SIGHUP)
            #expect(try await run.answer().status == 0)
            #expect(try await place.sql("SELECT status, attempts FROM tasks") == ["WAITING|0"])

            try FileManager.default.removeItem(at: place.log)
            let deaf = try Call(
                ["nohup", Scratch.binary, "once"],
                environment: place.environment,
                folder: place.folder
            )
            try await eventually("the handler never began") { place.lines().count == 1 }
            Foundation.kill(deaf.pid, SIGHUP)
            try place.write("", to: "go")
            #expect(try await deaf.answer().status == 0)
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test("SIGHUP and SIGINT end wait and add --wait", arguments: [SIGHUP, SIGINT])
    func waiting(_ signal: Int32) async throws {
        try await Scratch.working(.sqlite) { place in
            try await place.taskrunOK("add", "NOBODY", "--with-token", "t")
            let wait = try place.start("wait", "t")
            try place.handler("WORK", "echo begin $$ >> \"$LOG\"\ntrap '' TERM\nwhile :; do sleep 1; done")
            let add = try place.start("add", "WORK", "--wait")
            try await eventually("the handler never began") { place.lines().count == 1 }
            let handler = try #require(place.lines()[0].split(separator: " ").last.flatMap { pid_t($0) })
            for call in [wait, add] {
                Foundation.kill(call.pid, signal)
                #expect(try await call.answer().status == 75)
            }
            try await eventually("the handler goes on") { !isAtWork(handler) }
            #expect(
                try await place.sql("SELECT status, attempts FROM tasks WHERE task_name = 'WORK'") == ["WAITING|0"]
            )
        }
    }

    @Test("as the first process of a container a run reaps what handlers left, and still learns how handlers ended")
    func firstProcess() async throws {
        try #require(geteuid() == 0, "run the tests as root: they make a process namespace")
        try await Scratch.working(.sqlite) { place in
            try place.handler(
                "ORPHANS",
                "for i in 1 2 3 4 5; do setsid sh -c 'sleep 0.2' & done\necho begin >> \"$LOG\"\nexit 65"
            )
            // Ends once no process of its namespace is a zombie: the first one has reaped them.
            try place.handler(
                "WORK",
                """
                while [ "$(grep -c begin "$LOG")" -lt 2 ]; do sleep 0.1; done
                sleep 0.5
                while grep -q ') Z 1 ' /proc/[0-9]*/stat 2>/dev/null; do sleep 0.1; done
                [ "$(cat /proc/1/comm)" = taskrun ] && echo end >> "$LOG"
                """
            )
            try await place.add(2, name: "ORPHANS")
            try await place.add(1)
            let run = try await place.other(
                "unshare",
                "--pid",
                "--fork",
                "--mount-proc",
                Scratch.binary,
                "once",
                "--concurrency",
                "3",
                "--json"
            )
            #expect(run.output.contains("\"succeeded\":1") && run.output.contains("\"failed\":2"), "\(run)")
            #expect(place.lines() == ["begin", "begin", "end"])
        }
    }
}
