import Foundation
import TaskRun
import Testing

@testable import Handlers

@Suite("Hook programs")
struct HookProgramTests {
    private static let task = HookTask(
        id: 7,
        name: "TEST",
        queue: "default",
        attempt: 2,
        maxAttempts: 20,
        data: Array("{\n  \"a\": \"ä\"\r\n}".utf8)
    )

    private func hook(
        _ event: HookEvent,
        _ text: String,
        in place: Place,
        mode: Int = 0o755
    ) throws -> HookProgram {
        let file = try place.write("#!/bin/sh\n\(text)\n", to: "hooks/\(event.rawValue)", mode: mode)
        return HookProgram(event, path: file, settings: place.settings(environment: ["PGPASSWORD": "listed"]))
    }

    @Test(
        "the exit status answers whether to perform a task",
        arguments: [
            ("exit 0", HookAnswer.go), ("exit 99", .skip()),
            ("echo one; echo two words >&2; exit 99", .skip(note: "two words")),
            ("echo note=so >> $TASKRUN_OUTPUT; echo why >&2; exit 99", .skip(note: "so")), ("exit 75", .postpone()),
            ("echo retry_after=90 >> $TASKRUN_OUTPUT; exit 75", .postpone(after: .seconds(90))),
            (
                "echo retry_after=2h >> $TASKRUN_OUTPUT; echo late >&2; exit 75",
                .postpone(after: .seconds(7200), note: "late")
            ),
            ("echo retry_after=soon >> $TASKRUN_OUTPUT; exit 75", .postpone()),
        ]
    )
    func answers(script: String, expected: HookAnswer) async throws {
        try await withPlace { place in
            let answer = try await hook(.beforePerform, script, in: place).beforePerform(Self.task)
            #expect(answer == expected)
            #expect(try place.names() == ["handlers", "hooks"], "nothing is left")
        }
    }

    @Test(
        "any other end is an error that says how and why",
        arguments: [
            ("echo a >&2; echo 'b c' >&2; exit 77", "exit status 77: b c"),
            ("exit 1", "exit status 1, nothing on stderr"),
            ("kill -9 $$", "killed by signal 9 (SIGKILL), nothing on stderr"),
            ("exit 98", "exit status 98, nothing on stderr"),
        ]
    )
    func errors(script: String, expected: String) async throws {
        try await withPlace { place in
            let hook = try hook(.beforePerform, script, in: place)
            let error = await #expect(throws: HookFailure.self) { _ = try await hook.beforePerform(Self.task) }
            #expect(error?.description == expected)
        }
    }

    @Test("for events without an answer 75 and 99 are errors too", arguments: [75, 99])
    func noAnswer(status: Int) async throws {
        try await withPlace { place in
            let hook = try hook(.onFailed, "exit \(status)", in: place)
            await #expect(throws: HookFailure.self) { try await hook.onFailed(Self.task, error: "") }
        }
    }

    @Test("a file without run bit, and one with an interpreter that is not there, are errors with advice")
    func notRunnable() async throws {
        try await withPlace { place in
            let hook = try hook(.beforePerform, "", in: place, mode: 0o644)
            let error = await #expect(throws: HookFailure.self) { _ = try await hook.beforePerform(Self.task) }
            let text = error?.description ?? ""
            #expect(text.contains("it has no run bit. chmod +x ") && text.contains("/hooks/before-perform"), "\(text)")
            try place.write("#!/no/such/shell\n", to: "hooks/before-perform", mode: 0o755)
            let other = await #expect(throws: HookFailure.self) { _ = try await hook.beforePerform(Self.task) }
            #expect(other?.description.contains("its interpreter /no/such/shell is missing") == true)
        }
    }

    @Test("one that prints 1 GB, on stdout or on stderr, is read to the end and kept to a limit", arguments: [1, 2])
    func gigabyte(descriptor: Int) async throws {
        try await withPlace { place in
            let script = "head -c 1073741824 /dev/zero >&\(descriptor); echo end >&2; exit 77"
            let hook = try hook(.beforePerform, script, in: place)
            let error = await #expect(throws: HookFailure.self) { _ = try await hook.beforePerform(Self.task) }
            #expect(error?.description.hasPrefix("exit status 77: ") == true)
            #expect((error?.description.utf8.count ?? 0) < 1_000)
        }
    }

    @Test("one that never ends and ignores SIGTERM is killed with all it started")
    func neverEnds() async throws {
        try await withPlace { place in
            let hook = try hook(
                .onFailed,
                "trap '' TERM; sleep 3600 & echo $! $$ > pids; touch ready; while :; do sleep 3600; done",
                in: place
            )
            let call = Task { try await hook.onFailed(Self.task, error: "x") }
            #expect(try await eventually { place.has("ready") })
            call.cancel()
            await #expect(throws: HookFailure.self) { try await call.value }
            let pids = try #require(place.text(of: "pids")).split(whereSeparator: \.isWhitespace).compactMap {
                Int32($0)
            }
            #expect(pids.count == 2)
            #expect(try await eventually { pids.allSatisfy { !isAlive($0) } })
        }
    }

    @Test("one that does not read its input loses nothing")
    func doesNotRead() async throws {
        try await withPlace { place in
            let data = Array("\"\(String(repeating: "x", count: 4 << 20))\"".utf8)
            let task = HookTask(id: 1, name: "A", queue: "q", attempt: 1, maxAttempts: 1, data: data)
            let answer = try await hook(.beforePerform, "exit 0", in: place).beforePerform(task)
            #expect(answer == .go)
        }
    }

    @Test("it gets one line of JSON, and the environment of a handler")
    func message() async throws {
        try await withPlace { place in
            let hook = try hook(.beforePerform, "cat > line; env | sort > env", in: place)
            let answer = try await hook.beforePerform(Self.task)
            #expect(answer == .go)
            #expect(
                place.text(of: "line") == #"{"event":"before-perform","task":7,"name":"TEST","queue":"default","#
                    + #""attempt":2,"max_attempts":20,"data":{   "a": "ä"  }}"# + "\n"
            )
            let environment = try #require(place.text(of: "env")).split(separator: "\n").map(String.init)
            for entry in [
                "TASKRUN_EVENT=before-perform", "TASKRUN_TASK_ID=7", "TASKRUN_ATTEMPT=2", "PGPASSWORD=listed",
            ] {
                #expect(environment.contains(entry))
            }
            #expect(!environment.contains { $0.hasPrefix("TASKRUN_DATABASE") || $0.hasPrefix("TASKRUN_DEADLINE") })
        }
    }

    @Test(
        "the keys of each end of a handler",
        arguments: [
            (HandlerOutcome.succeeded(result: [1]), #""outcome":"succeeded""#),
            (.settled(.settled), #""outcome":"succeeded""#),
            (.failed(error: "a\"b"), #""outcome":"failed","error":"a\"b""#),
            (.permanentlyFailed(error: "no"), #""outcome":"permanently_failed","error":"no""#),
            (.later(after: nil, note: "n"), #""outcome":"later","note":"n""#), (.stopped, #""outcome":"stopped""#),
            (.cancelled, #""outcome":"cancelled""#), (nil, #""outcome":"lease_lost""#),
            (.settled(.leaseLost), #""outcome":"lease_lost""#),
        ] as [(HandlerOutcome?, String)]
    )
    func outcome(_ outcome: HandlerOutcome?, keys: String) async throws {
        try await withPlace { place in
            let hook = try hook(.afterPerform, "cat > line", in: place)
            try await hook.afterPerform(Self.task, outcome: outcome, took: .milliseconds(1500))
            let line = try #require(place.text(of: "line"))
            #expect(line.contains(keys + #","seconds":1.5,"data":"#), "\(line)")
            #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any])
        }
    }
}
