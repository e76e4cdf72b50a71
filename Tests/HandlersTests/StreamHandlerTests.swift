import Foundation
import TaskRun
import Testing

@testable import Handlers

@Suite("What a stream handler is given, and what its answers mean")
struct StreamHandlerTests {
    @Test("one program performs one task after the other, and ends when its handler is closed")
    func many() async throws {
        try await withPlace { place in
            let stream = try place.stream(
                #"echo $$ >> started; \#(Place.loop) say "{\"task\":$task,\"ok\":true,\"result\":$task}"; done; echo left >> started"#
            )
            for number in 1...50 {
                #expect(await stream.perform(task(id: Int64(number))).result == "\(number)")
            }
            #expect(place.text(of: "started")?.split(separator: "\n").count == 1)
            await stream.close()
            #expect(place.text(of: "started")?.hasSuffix("left\n") == true)
        }
    }

    @Test("the line has the task's keys, the environment what the contract lists, never the database's address")
    func line() async throws {
        try await withPlace { place in
            let settings = ExecutableSettings(
                run: "web1 12 34 boot 56",
                environment: ["PATH": "/usr/bin:/bin", "SHOP": "a=b", "TASKRUN_DATABASE": "postgres://me:pw@h/d"],
                privateFolder: place.path
            )
            let stream = try place.stream(
                #"env > env; pwd > pwd; \#(Place.loop) echo "$line" > line; say "{\"task\":$task,\"ok\":true}"; done"#,
                settings: settings
            )
            let task = task("{\n\"a\": 1}", id: 42, attempt: 3)
            #expect(await stream.perform(task, in: .of(task, deadline: Date(timeIntervalSince1970: 1e9))).result == "")
            await stream.close()
            #expect(
                place.text(of: "line") == #"{"task":42,"attempt":3,"max_attempts":20,"deadline":1000000000,"#
                    + #""queue":"default","name":"TEST","data":{ "a": 1}}"# + "\n"
            )
            #expect(place.text(of: "pwd") == "\(place.path)\n")
            let own = ["_=", "PWD=", "SHLVL=", "OLDPWD="]
            let lines = (place.text(of: "env") ?? "").split(separator: "\n").map(String.init)
            #expect(
                Set(lines.filter { line in !own.contains { line.hasPrefix($0) } }) == [
                    "PATH=/usr/bin:/bin", "SHOP=a=b", "TASKRUN_RUN=web1 12 34 boot 56", "TASKRUN_TASK_NAME=TEST",
                    "TASKRUN_STREAM=1",
                ]
            )
        }
    }

    @Test("a program gets only the keys that it wants")
    func keys() async throws {
        try await withPlace { place in
            let stream = try place.stream(
                #"\#(Place.loop) echo "$line" > line; say "{\"task\":$task,\"ok\":true}"; done"#,
                hello: #"{"hello":1,"keys":["attempt"]}"#
            )
            _ = await stream.perform(task("[1]"))
            await stream.close()
            #expect(place.text(of: "line") == "{\"task\":7,\"attempt\":1,\"data\":[1]}\n")
        }
    }

    @Test(
        "each end of a task means what the protocol says",
        arguments: [
            (#""ok":true,"result":{"a": [1,2]}"#, .succeeded(result: Array(#"{"a": [1,2]}"#.utf8))),
            (#""error":"no such mailbox""#, .failed(error: "no such mailbox")),
            (#""error":"busy","retry_after":120"#, .failed(error: "busy", retryAfter: .seconds(120))),
            (#""error":"no","permanent":true"#, .permanentlyFailed(error: "no")),
            (#""later":60,"note":"night""#, .later(after: .seconds(60), note: "night")),
        ] as [(String, HandlerOutcome)]
    )
    func ends(answer: String, outcome: HandlerOutcome) async throws {
        try await withPlace { place in
            try place.write("{\"task\":7,\(answer)}\n", to: "answer")
            let stream = try place.stream("\(Place.loop) cat answer; done")
            #expect(await stream.perform(task()) == outcome)
            #expect(await stream.perform(task()) == outcome)
            await stream.close()
        }
    }

    @Test("progress, log lines and stderr are passed on while the task is at work")
    func between() async throws {
        try await withPlace { place in
            let said = Said()
            let stream = try place.stream(
                """
                \(Place.loop)
                    say '{"task":7,"progress":[1,2],"note":"half"}'
                    say '{"log":"careful","level":"warning"}'
                    echo 'by the way' >&2
                    while [ ! -e go ]; do sleep 0.01; done
                    say '{"task":7,"ok":true}'
                done
                """
            )
            let attempt = Task { await stream.perform(task(), said: said) }
            #expect(try await eventually { said.all.count == 3 })
            #expect(Set(said.all) == ["progress 1/2 half", "warning: careful", "info: stderr: by the way"])
            try place.write("", to: "go")
            #expect(await attempt.value == .succeeded())
            await stream.close()
        }
    }

    @Test("a task and an answer of many times a pipe's size pass while both pipes are full")
    func large() async throws {
        try await withPlace { place in
            let data = "\"" + String(repeating: "0123456789", count: 300_000) + "\""
            let stream = try place.stream(
                #"while IFS= read -r line; do rest=${line#*:}; printf '{"task":%s,"ok":true,"result":%s\n' "${rest%%,*}" "${line#*\"data\":}"; done"#,
                settings: place.settings(resultLimit: 4_000_000)
            )
            for _ in 1...3 { #expect(await stream.perform(task(data)).result == data) }
            await stream.close()
        }
    }

    @Test("tasks at once have a program each; later ones use those that are there")
    func atOnce() async throws {
        try await withPlace { place in
            let stream = try place.stream(
                """
                echo $$ >> started
                \(Place.loop)
                    while [ "$(wc -l < started)" -lt 4 ]; do sleep 0.01; done
                    say "{\\"task\\":$task,\\"ok\\":true,\\"result\\":$task}"
                done
                """
            )
            for _ in 1...5 {
                await withTaskGroup(of: Bool.self) { group in
                    for number in 1...4 {
                        group.addTask { await stream.perform(task(id: Int64(number))).result == "\(number)" }
                    }
                    for await isRight in group { #expect(isRight) }
                }
            }
            #expect(place.text(of: "started")?.split(separator: "\n").count == 4)
            await stream.close()
        }
    }

    @Test("after its last answer a program is given no more; the next task gets a new one")
    func last() async throws {
        try await withPlace { place in
            let said = Said()
            let stream = try place.stream(
                #"echo $$ >> started; \#(Place.loop) say "{\"task\":$task,\"ok\":true,\"last\":true}"; exit 0; done"#
            )
            for _ in 1...3 { #expect(await stream.perform(task(), said: said) == .succeeded()) }
            #expect(place.text(of: "started")?.split(separator: "\n").count == 3)
            #expect(said.all == [])
            await stream.close()
        }
    }
}

extension Place {
    /// The beginning of a loop over tasks in sh, with the number of each in `$task`.
    static let loop = #"say() { printf '%s\n' "$1"; }; while IFS= read -r line; do rest=${line#*:}; task=${rest%%,*};"#

    /// Makes a stream handler of a shell script, which says hello first.
    func stream(
        _ text: String,
        hello: String = #"{"hello":1}"#,
        settings: ExecutableSettings? = nil
    ) throws -> StreamHandler {
        let file = try write("#!/bin/sh\necho '\(hello)'\n\(text)\n", to: "handlers/TEST.stream", mode: 0o755)
        return StreamHandler(name: "TEST", path: file, settings: settings ?? self.settings())
    }
}
