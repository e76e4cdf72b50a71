import Foundation
import Logging
import Platform
import SystemPackage
import TaskRun
import Testing

@testable import Handlers

@Suite("Stream handlers that crash, hang, or break the protocol")
struct StreamTroubleTests {
    /// Answers every task, except the one with the number 500: it does something else then.
    private func flood(_ place: Place, _ trouble: String, settings: ExecutableSettings? = nil) throws -> StreamHandler {
        try place.stream(
            "\(Place.loop) [ \"$task\" = 500 ] && { \(trouble); }; say \"{\\\"task\\\":$task,\\\"ok\\\":true}\"; done",
            settings: settings
        )
    }

    @Test(
        "whatever one task does to its program in the middle of a flood, all others are performed",
        arguments: [
            ("exit 3", "the program ended before it answered (exit status 3), nothing on stderr"),
            ("echo why >&2; kill -9 $$", "the program ended before it answered (killed by signal 9 (SIGKILL)): why"),
            (
                "printf '{\"task\":500,\"ok\":true}'; exit 0",
                "(exit status 0, in the middle of a line: «{\"task\":500,\"ok\":true}»)"
            ),
            ("say nonsense", "expected an object, beginning with {, column 1: «nonsense»"),
            (
                "say '{\"task\":1,\"ok\":true}'",
                "a line about task 1, which it does not have (it has task 500): «{\"task\":1,\"ok\":true}»"
            ),
            ("say '{\"hello\":1}'", "a second hello"),
            ("say '{\"task\":500,\"ok\":1}'", "\"ok\" is not true"),
            ("head -c 3000000 /dev/zero | tr '\\0' x", "a line of more than 1048576 bytes: «xxxx"),
            ("exec >&-; sleep 600", "it closed its stdout"),
        ]
    )
    func oneIsHurt(trouble: String, text: String) async throws {
        try await withPlace { place in
            let stream = try flood(place, trouble)
            let hurt = Said()
            await withTaskGroup(of: Void.self) { group in
                for first in 1...4 {
                    group.addTask {
                        for id in stride(from: Int64(first), through: 1000, by: 4) {
                            let outcome = await stream.perform(task(id: id))
                            if outcome != .succeeded() { hurt.add("\(id) \(outcome.error ?? "\(outcome)")") }
                        }
                    }
                }
            }
            #expect(hurt.all.count == 1 && hurt.all[0].hasPrefix("500 ") && hurt.all[0].contains(text), "\(hurt.all)")
            await stream.close()
        }
    }

    @Test("a second answer hurts the task that came meanwhile, or none, and the program is replaced")
    func twice() async throws {
        try await withPlace { place in
            let said = Said()
            let stream = try place.stream(
                #"echo $$ >> started; \#(Place.loop) say "{\"task\":$task,\"ok\":true}"; [ $task = 1 ] && say "{\"task\":1,\"ok\":true}"; done"#
            )
            #expect(await stream.perform(task(id: 1), said: said) == .succeeded())
            #expect(
                try await eventually {
                    said.all.contains { $0.contains("a line about task 1, which it does not have (it has none)") }
                }
            )
            #expect(await stream.perform(task(id: 2), said: said) == .succeeded())
            #expect(place.text(of: "started")?.split(separator: "\n").count == 2)
            await stream.close()
        }
    }

    @Test("a program that hangs is ended when its task is cancelled, and only that task is stopped")
    func cancelled() async throws {
        try await withPlace { place in
            let stream = try place.stream(
                #"\#(Place.loop) [ $task = 1 ] && { echo $$ > pid; sleep 600; }; say "{\"task\":$task,\"ok\":true}"; done"#
            )
            let hanging = Task { await stream.perform(task(id: 1)) }
            #expect(try await eventually { place.text(of: "pid")?.hasSuffix("\n") == true })
            for id in 2...20 { #expect(await stream.perform(task(id: Int64(id))) == .succeeded()) }
            hanging.cancel()
            #expect(await hanging.value == .stopped)
            let pid = try #require(place.text(of: "pid").flatMap { Int32($0.dropLast()) })
            #expect(!isAlive(pid), "the attempt ended before its program")
            #expect(await stream.perform(task(id: 21)) == .succeeded())
            await stream.close()
        }
    }

    @Test("a program that ignores SIGTERM is killed with its children; a success said after SIGTERM counts")
    func afterTerm() async throws {
        try await withPlace { place in
            let deaf = try place.stream(
                #"trap '' TERM; \#(Place.loop) sleep 600 & echo $! > child; while :; do sleep 1; done; done"#,
                settings: place.settings(killAfter: .milliseconds(300))
            )
            let attempt = Task { await deaf.perform(task()) }
            #expect(try await eventually { place.text(of: "child")?.hasSuffix("\n") == true })
            attempt.cancel()
            #expect(await attempt.value == .stopped)
            let child = try #require(place.text(of: "child").flatMap { Int32($0.dropLast()) })
            #expect(try await eventually { !isAlive(child) })

            let late = try place.stream(
                #"\#(Place.loop) trap "say '{\"task\":7,\"ok\":true,\"result\":1}'; exit" TERM; touch begun; while :; do sleep 0.05; done; done"#
            )
            let other = Task { await late.perform(task()) }
            #expect(try await eventually { place.has("begun") })
            other.cancel()
            #expect(await other.value.result == "1")
            await late.close()
            await deaf.close()
        }
    }

    @Test(
        "where no program comes to its hello the attempt has not begun, after three tries, and the reason is told",
        arguments: [
            (
                "#!/bin/sh\necho x >> tries; echo 'no database' >&2; exit 2\n",
                "the program ended before it said hello (exit status 2): no database"
            ),
            ("#!/bin/sh\necho x >> tries; echo '{\"task\":1,\"ok\":true}'; cat\n", "its first line is not a hello"),
            (
                "#!/bin/sh\necho x >> tries; echo Hello; cat\n",
                "expected an object, beginning with {, column 1: «Hello»"
            ),
            (
                "#!/bin/sh\necho x >> tries; echo '{\"hello\":2}'; cat\n",
                "it speaks version 2 of the protocol; this taskrun speaks version 1"
            ),
            ("#!/opt/nowhere/php -q\n", "its interpreter /opt/nowhere/php is missing"),
        ]
    )
    func noStart(script: String, text: String) async throws {
        try await withPlace { place in
            let file = try place.write(script, to: "handlers/TEST.stream", mode: 0o755)
            let stream = StreamHandler(name: "TEST", path: file, settings: place.settings())
            let outcome = await stream.perform(task())
            #expect(outcome.error?.contains(text) == true && outcome.error?.contains(file) == true, "\(outcome)")
            #expect(outcome.obstacle == .handler)
            if script.contains("tries") { #expect(place.text(of: "tries") == "x\nx\nx\n") }
            await stream.close()
        }
    }

    @Test("a program that closes its stdin, before or after it was given a task, fails the task with that reason")
    func deaf() async throws {
        try await withPlace { place in
            let stream = try place.stream("exec <&-; sleep 600")
            for _ in 1...2 {
                let error = await stream.perform(task()).error
                #expect(error?.contains("it closed its stdin") == true, "\(error ?? "")")
            }
            await stream.close()
        }
    }

    @Test("a task that comes when its program is being ended for something is told for what")
    func lateTask() async throws {
        try await withPlace { place in
            let file = try place.write("#!/bin/sh\necho '{\"hello\":1}'; exec <&-; sleep 600\n", to: "A", mode: 0o755)
            let stream = try StreamProgram(logger: Logger(label: "test"))
            let program = Program(
                path: FilePath(file),
                environment: place.settings().environment,
                workingDirectory: FilePath(place.path)
            )
            async let life = BlockingThread.run { _ in
                Result { try StreamLife.live(program, desk: stream, killAfter: .seconds(30), lineLimit: 1_000) }
            }
            #expect(await stream.start {} == nil)
            #expect(try await eventually { !stream.isIdle })
            let task = StreamTask(task: task(), context: .of(task()))
            guard case .undelivered(_, let why) = await stream.perform(task, next: { _ in nil }) else {
                Issue.record("the task was given to it")
                return
            }
            #expect(why.contains("it closed its stdin"))
            _ = try await life.get()
        }
    }

    @Test("a program that is mended is started again, without a new run")
    func mended() async throws {
        try await withPlace { place in
            let stream = try place.stream("exit 1", hello: "")
            #expect(await stream.perform(task()).error?.contains("cannot start") == true)
            _ = try place.stream(#"\#(Place.loop) say "{\"task\":$task,\"ok\":true}"; done"#)
            #expect(try await eventually { await stream.perform(task()) == .succeeded() })
            await stream.close()
        }
    }

    @Test("a program that ended while it had no task hurts nobody")
    func endedIdle() async throws {
        try await withPlace { place in
            let said = Said()
            let stream = try place.stream(#"\#(Place.loop) say "{\"task\":$task,\"ok\":true}"; exit 4; done"#)
            for _ in 1...3 {
                #expect(await stream.perform(task(), said: said) == .succeeded())
                let count = said.all.count
                #expect(try await eventually { said.all.count > count })
            }
            #expect(
                said.all.allSatisfy {
                    $0.contains("while it had no task: the program ended") && $0.contains("exit status 4")
                }
            )
            await stream.close()
        }
    }

    @Test("at its end a program that does not leave gets SIGTERM, then SIGKILL")
    func close() async throws {
        try await withPlace { place in
            let stream = try place.stream(
                #"trap '' TERM; echo $$ > pid; \#(Place.loop) say "{\"task\":$task,\"ok\":true}"; done; while :; do sleep 1; done"#,
                settings: place.settings(killAfter: .milliseconds(300))
            )
            #expect(await stream.perform(task()) == .succeeded())
            let pid = try #require(place.text(of: "pid").flatMap { Int32($0.dropLast()) })
            #expect(isAlive(pid))
            await stream.close()
            #expect(!isAlive(pid))
            // A closed handler can be used for another run.
            #expect(await stream.perform(task()) == .succeeded())
            await stream.close()
        }
    }

    @Test("attempts cancelled at any moment all end, stopped or done, and leave no program behind")
    func cancelledAnywhere() async throws {
        try await withPlace { place in
            let stream = try place.stream(
                #"echo $$ >> pids; \#(Place.loop) sleep 0.01; say "{\"task\":$task,\"ok\":true}"; done"#
            )
            await withTaskGroup(of: HandlerOutcome.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let attempt = Task { await stream.perform(task(id: Int64(number))) }
                        try? await Task.sleep(for: .microseconds(number * 400))
                        attempt.cancel()
                        return await attempt.value
                    }
                }
                for await outcome in group { #expect(outcome == .stopped || outcome == .succeeded()) }
            }
            #expect(await stream.perform(task()) == .succeeded())
            await stream.close()
            for pid in (place.text(of: "pids") ?? "").split(separator: "\n") {
                #expect(!isAlive(try #require(Int32(pid))))
            }
        }
    }

    @Test("a gigabyte on stderr neither blocks nor fills memory or the log")
    func gigabyte() async {
        await #expect(processExitsWith: .success) {
            try await withPlace { place in
                let said = Said()
                let stream = try place.stream(
                    #"\#(Place.loop) yes 'much ado' | head -c 900000000 >&2; echo end >&2; exit 3; done"#
                )
                let outcome = await stream.perform(task(), said: said)
                #expect(outcome.error?.hasSuffix("much ado\nend") == true)
                #expect(outcome.error.map { $0.utf8.count < 8_000 } == true)
                #expect(said.all.count == 101)
                let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
                let peak = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
                let kilobytes = try #require(peak.split(separator: " ").compactMap { Int($0) }.first)
                #expect(kilobytes < 200_000, "peak memory: \(kilobytes) kB")
                await stream.close()
            }
        }
    }
}
