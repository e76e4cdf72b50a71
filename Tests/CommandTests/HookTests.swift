import Foundation
import Testing

/// Programs in the hooks folder, called by the built binary.
@Suite struct HookTests {
    private static let events = [
        "run-start", "before-perform", "after-perform", "on-failure", "on-failed", "after-add", "queue-empty",
        "run-end",
    ]

    @Test("the eight events with their data", arguments: Scratch.Database.allCases)
    func events(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            for event in Self.events { try scratch.hook(event, "cat >> events") }
            try scratch.handler("OK", "exit 0")
            try scratch.handler("BAD", "echo 'no such mailbox' >&2; exit 1")
            try await scratch.taskrunOK("add", "OK", #"{"a":1}"#, "--queue", "q")
            try await scratch.taskrunOK("add", "BAD", "--max-attempts", "1")
            let run = try await scratch.taskrun("once", "--json", "--concurrency", "1")
            #expect(run.status == 0)
            #expect(!run.errors.contains("warning"), "\(run.errors)")

            let told = try scratch.events()
            #expect(Set(told.compactMap { $0["event"] as? String }) == Set(Self.events))
            func find(_ event: String) -> [[String: Any]] { told.filter { $0["event"] as? String == event } }
            #expect(find("after-add").map { $0["name"] as? String } == ["OK", "BAD"])
            #expect(find("after-add").map { $0["first"] as? Int } == [1, 2])
            #expect(find("run-start").first?["pid"] is Int)
            let before = try #require(find("before-perform").first)
            #expect(before["task"] as? Int == 1)
            #expect(before["queue"] as? String == "q")
            #expect(before["data"] as? [String: Int] == ["a": 1])
            #expect(find("after-perform").map { $0["outcome"] as? String } == ["succeeded", "failed"])
            for event in ["on-failure", "on-failed"] {
                let object = try #require(find(event).first)
                #expect(find(event).count == 1)
                #expect(object["task"] as? Int == 2)
                #expect((object["error"] as? String)?.hasPrefix("exit status 1: no such mailbox") == true)
            }
            #expect(find("on-failure").first?["retry_after"] is NSNull)
            let report = try #require(try run.objects().first)
            for event in ["queue-empty", "run-end"] {
                let object = try #require(find(event).first)
                for key in OnceTests.keys where !["waiting", "seconds"].contains(key) {
                    #expect(object[key] as? Int == report[key] as? Int, "\(key)")
                }
                #expect(object["seconds"] is Double)
            }
            let order = told.compactMap { $0["event"] as? String }
            #expect(order.first { $0 != "after-add" } == "run-start")
            #expect(order.suffix(2) == ["queue-empty", "run-end"])
        }
    }

    @Test("before-perform performs, skips and postpones by its exit status", arguments: Scratch.Database.allCases)
    func answers(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.hook(
                "before-perform.sh",
                """
                case $TASKRUN_TASK_NAME in
                SKIP) exit 99 ;;
                LATER) echo retry_after=3600 >> "$TASKRUN_OUTPUT"; exit 75 ;;
                FAIL) echo 'cannot tell' >&2; exit 77 ;;
                HANG) exec sleep 3600 ;;
                BIG) head -c 1073741824 /dev/zero ;;
                esac
                """
            )
            let names = ["OK", "SKIP", "LATER", "FAIL", "HANG", "BIG"]
            for name in names {
                try scratch.handler(name, "echo $TASKRUN_TASK_NAME >> performed")
                try await scratch.taskrunOK("add", name)
            }
            let run = try await scratch.setting(["TASKRUN_HOOK_TIMEOUT": "3s"]).taskrun("once", "--json")
            #expect(run.status == 0)
            let performed = try scratch.text("performed").split(separator: "\n").sorted()
            #expect(performed == ["BIG", "FAIL", "HANG", "OK"])
            let object = try #require(try run.objects().first)
            let keys = ["claimed", "succeeded", "skipped", "released", "failed"]
            #expect(keys.map { object[$0] as? Int } == [6, 4, 1, 1, 0])
            #expect(try await scratch.sql("SELECT task_name, status, attempts FROM tasks") == ["LATER|WAITING|0"])
            #expect(
                run.errors.contains("task 4 FAIL: exit status 77: cannot tell. The task is performed anyway.")
            )
            #expect(run.errors.contains("task 5 HANG: took longer than its time limit of 3 s, and was ended."))
        }
    }

    @Test("a hook without run bit is warned of, and the run goes on", arguments: Scratch.Database.allCases)
    func noRunBit(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.write("#!/bin/sh\n", to: "hooks/before-perform.sh")
            try scratch.write("#!/bin/sh\n", to: "hooks/on-faild.sh", mode: 0o755)
            try scratch.handler("OK", "exit 0")
            for _ in 0..<3 { try await scratch.taskrunOK("add", "OK") }
            let run = try await scratch.taskrun("once", "--json")
            #expect(run.status == 0)
            #expect(try run.objects().first?["succeeded"] as? Int == 3)
            #expect(run.errors.components(separatedBy: "has no run bit").count == 2, "once: \(run.errors)")
            let check = try await scratch.taskrun("check")
            #expect(check.status == 0)
            #expect(check.output.contains("hooks/before-perform.sh has no run bit, so it is not a hook"))
            #expect(check.output.contains("Did you mean on-failed?"))
        }
    }

    @Test("tasks added in bulk are told once, with count and numbers", arguments: Scratch.Database.allCases)
    func bulk(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            try scratch.hook("after-add", "cat >> events")
            let lines = String(repeating: "{}\n", count: 5000)
            #expect(try await scratch.taskrun("add", "X", "-", input: lines).lines.count == 5000)
            #expect(try await scratch.taskrun("add", "-", input: "").status == 0)
            #expect(
                try scratch.text("events") == "{\"event\":\"after-add\",\"count\":5000,\"first\":1,\"last\":5000}\n"
            )
        }
    }

    @Test("a hook that fails or adds tasks itself does not harm the command that adds")
    func addTrouble() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.hook("after-add", "echo x >> called; \(Scratch.binary) add AGAIN; echo no >&2; exit 1")
            let answer = try await scratch.taskrun("add", "X")
            #expect((answer.status, answer.output) == (0, "1\n"))
            #expect(answer.errors.contains("exit status 1: no"))
            #expect(try scratch.text("called") == "x\n")
            #expect(try await scratch.sql("SELECT task_name FROM tasks ORDER BY id") == ["X", "AGAIN"])
        }
    }

    @Test("the folder is named by flag, variable and file, and must then be there")
    func folder() async throws {
        try await Scratch.with { scratch async throws in
            try scratch.handler("OK", "exit 0")
            try scratch.write("#!/bin/sh\ncat >> events\n", to: "other/run-end", mode: 0o755)
            try await scratch.taskrunOK("once", "--hooks", "other")
            _ = try await scratch.setting(["TASKRUN_HOOKS": "other"]).taskrun("once")
            try scratch.write("hooks: other\nhook_timeout: 5s\n", to: "taskrun.yaml")
            try await scratch.taskrunOK("once")
            #expect(try scratch.events().count == 3)
            let missing = try await scratch.taskrun("--hooks", "nowhere", "once")
            #expect(missing.status == 78)
            #expect(missing.errors.contains("/nowhere does not exist"))
        }
    }

    @Test("stream handlers and SQL files have hooks too", arguments: Scratch.Database.allCases)
    func kinds(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            for event in ["before-perform", "after-perform"] { try scratch.hook(event, "cat >> events") }
            try scratch.write("SELECT 1;\n", to: "handlers/SCRIPT.sql")
            try scratch.write(
                """
                #!/bin/sh
                echo '{"hello":1}'
                while read -r line; do
                    id=${line#*:}
                    echo "{\\"task\\":${id%%,*},\\"ok\\":true}"
                done

                """,
                to: "handlers/LINES.stream.sh",
                mode: 0o755
            )
            for name in ["SCRIPT", "LINES", "LINES", "SCRIPT"] { try await scratch.taskrunOK("add", name) }
            #expect(try await scratch.taskrun("once", "--json").objects().first?["succeeded"] as? Int == 4)
            let ends = try scratch.events().filter { $0["event"] as? String == "after-perform" }
            #expect(ends.map { $0["outcome"] as? String } == Array(repeating: "succeeded", count: 4))
            #expect(try scratch.events().count == 8)
        }
    }
}

extension Scratch {
    /// Writes a shell script into the hooks folder.
    fileprivate func hook(_ name: String, _ script: String) throws {
        try write("#!/bin/sh\n\(script)\n", to: "hooks/\(name)", mode: 0o755)
    }

    fileprivate func text(_ path: String) throws -> String {
        try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    }

    /// The events that hooks wrote down.
    fileprivate func events() throws -> [[String: Any]] {
        try text("events").split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }
}
