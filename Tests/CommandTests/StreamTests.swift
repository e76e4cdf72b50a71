import Foundation
import Testing

@Suite("Stream handlers, from outside")
struct StreamTests {
    /// Logs each task and answers it, except the one with the number 50, for which there is something special.
    private static func script(_ special: String = ":") -> String {
        """
        echo '{"hello":1}'
        while IFS= read -r line; do
            rest=${line#*:}; task=${rest%%,*}
            echo "begin $task $$" >> "$LOG"
            [ "$task" != 50 ] || { \(special); }
            echo "end $task" >> "$LOG"
            printf '{"task":%s,"ok":true}\\n' "$task"
        done
        echo "left $$" >> "$LOG"
        """
    }

    private func count(_ word: String, in place: Scratch) -> Int { place.lines().count { $0.hasPrefix(word + " ") } }

    @Test("a crash in the middle of a flood hurts one task", arguments: Scratch.Database.allCases)
    func crash(_ kind: Scratch.Database) async throws {
        try await Scratch.working(kind) { place in
            try place.handler("WORK.stream.sh", Self.script("echo 'out of luck' >&2; kill -9 $$"))
            try await place.add(1000)
            let run = try await place.taskrun("once", "--concurrency", "3", "--json")
            #expect(run.status == 0 && run.errors.isEmpty, "\(run)")
            let object = try #require(try run.objects().first)
            #expect(object["succeeded"] as? Int == 999 && object["retried"] as? Int == 1)
            #expect(
                try await place.sql("SELECT id, status, attempts, last_error FROM tasks") == [
                    "50|WAITING|1|the program ended before it answered (killed by signal 9 (SIGKILL)): out of luck"
                ]
            )
            #expect(count("begin", in: place) == 1000 && count("end", in: place) == 999)
            let programs = Set(place.lines().filter { $0.hasPrefix("begin") }.map { $0.split(separator: " ")[2] })
            #expect((2...4).contains(programs.count), "at most one a place, and one instead of the one that crashed")
            #expect(count("left", in: place) == programs.count - 1, "all others were asked to leave")
            let kinds = try await place.taskrun("handlers", "--json").objects()
            #expect(kinds.contains { $0["task_name"] as? String == "WORK" && $0["kind"] as? String == "stream" })
        }
    }

    @Test("a task that hangs fails at its time limit, and no other with it", arguments: Scratch.Database.allCases)
    func hang(_ kind: Scratch.Database) async throws {
        try await Scratch.working(kind) { place in
            try place.handler("WORK.stream", Self.script("sleep 600"))
            try await place.add(100, columns: "timeout_seconds", values: "2")
            let run = try await place.taskrun("once", "--concurrency", "2", "--json")
            #expect(try run.objects().first?["succeeded"] as? Int == 99, "\(run)")
            #expect(
                try await place.sql("SELECT id, attempts, last_error FROM tasks") == [
                    "50|1|took longer than its time limit of 2 s; cancelled"
                ]
            )
        }
    }

    @Test("SIGTERM gives back what was not done, and ends the programs", arguments: Scratch.Database.allCases)
    func stop(_ kind: Scratch.Database) async throws {
        try await Scratch.working(kind) { place in
            try place.write("grace: 10s\n", to: "taskrun.yaml")
            try place.handler("WORK.stream", Self.script("exec sleep 600"))
            try await place.add(200)
            let run = try place.start("once", "--concurrency", "1")
            try await eventually("the task never began") { count("begin", in: place) == 50 }
            kill(run.pid, SIGTERM)
            #expect(try await run.answer().status == 0)
            #expect(try await place.sql("SELECT count(*), min(id), max(attempts) FROM tasks") == ["151|50|0"])
            #expect(try await place.sql("SELECT DISTINCT status FROM tasks") == ["WAITING"])
            #expect(count("begin", in: place) == 50 && count("end", in: place) == 49)
        }
    }

    @Test("kill -9 of the run ends its programs, and the next run takes over", arguments: Scratch.Database.allCases)
    func kill9(_ kind: Scratch.Database) async throws {
        try await Scratch.working(kind) { place in
            // Its second attempt is an ordinary one.
            try place.handler("WORK.stream", Self.script("[ -e again ] || { touch again; sleep 15; }"))
            try await place.add(60)
            let run = try place.start("once", "--concurrency", "1")
            try await eventually("the task never began") { place.has("again") }
            kill(run.pid, SIGKILL)
            _ = try await run.answer()
            let pid = try #require(place.lines().last { $0.hasPrefix("begin 50 ") }?.split(separator: " ").last)
            try await eventually("the program outlived its run, whose end closed its stdin and stdout") {
                let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
                return stat?.contains(") Z ") ?? true
            }
            let next = try await place.taskrun("once", "--concurrency", "1", "--json")
            #expect(try next.objects().first?["recovered"] as? Int ?? 0 >= 1, "\(next)")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
            for id in 1...60 { #expect(place.lines().contains("end \(id)")) }
        }
    }

    @Test("a stream handler that cannot be started says why, and others go on", arguments: Scratch.Database.allCases)
    func noStart(_ kind: Scratch.Database) async throws {
        try await Scratch.working(kind) { place in
            try place.handler("BROKEN.stream", "echo 'no configuration' >&2; exit 78")
            try place.handler("WORK.stream", Self.script())
            try await place.add(20)
            try await place.add(3, name: "BROKEN")
            let run = try await place.taskrun("once", "--json")
            #expect(try run.objects().first?["succeeded"] as? Int == 20, "\(run)")
            let errors = try await place.sql("SELECT DISTINCT last_error FROM tasks")
            #expect(errors.count == 1)
            #expect(
                errors[0].hasPrefix("cannot start \(place.folder.path)/handlers/BROKEN.stream: ")
                    && errors[0].hasSuffix("ended before it said hello (exit status 78): no configuration"),
                "\(errors)"
            )
        }
    }
}
