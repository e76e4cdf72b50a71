import Foundation
import TaskRun
import Testing

@testable import Handlers

@Suite("How executables and what they started come to their end")
struct ExecutableEndTests {
    /// Runs a script, waits until it has made the file `begun`, cancels, and returns how it ended.
    private func cancel(
        _ script: String,
        in place: Place,
        killAfter: Duration = .seconds(30)
    ) async throws -> HandlerOutcome {
        let handler = try place.script(script, settings: place.settings(killAfter: killAfter))
        let attempt = Task { await handler.perform(task()) }
        #expect(try await eventually { place.has("begun") })
        attempt.cancel()
        return await attempt.value
    }

    @Test("a cancelled program gets SIGTERM and is stopped")
    func stopped() async throws {
        try await withPlace { place in
            let outcome = try await cancel("touch begun; exec sleep 600", in: place)
            #expect(outcome == .stopped)
            #expect(try place.names().contains { $0.hasPrefix("output-") } == false)
        }
    }

    @Test("a shell that dies of its child's SIGTERM is stopped, too")
    func stoppedShell() async throws {
        try await withPlace { place in
            let outcome = try await cancel("touch begun; sleep 600; exit $?", in: place)
            #expect(outcome == .stopped)
        }
    }

    @Test("a program that ignores SIGTERM is killed with its children")
    func ignoresTerm() async throws {
        try await withPlace { place in
            let script = "trap '' TERM; sleep 600 & echo $! > child; touch begun; while :; do sleep 1; done"
            let outcome = try await cancel(script, in: place, killAfter: .milliseconds(300))
            #expect(outcome == .stopped)
            let child = try #require(place.text(of: "child").flatMap { Int32($0.dropLast()) })
            #expect(try await eventually { !isAlive(child) })
        }
    }

    @Test("a program that finishes its work after SIGTERM has succeeded, result included")
    func finishesAfterTerm() async throws {
        try await withPlace { place in
            let script =
                "trap 'head -c 300000 /dev/zero; echo; echo done; exit 0' TERM; touch begun; while :; do sleep 0.05; done"
            let result = try #require(try await cancel(script, in: place).result)
            #expect(result.hasSuffix("\ndone\n") && result.utf8.count == 300_006)
        }
    }

    @Test("a program's own word after SIGTERM is reported as it is")
    func ownWord() async throws {
        try await withPlace { place in
            let script = "trap 'echo half >&2; exit 75' TERM; touch begun; while :; do :; done"
            let outcome = try await cancel(script, in: place)
            #expect(outcome == .later(note: "half"))
        }
    }

    @Test("a task cancelled before it began is stopped, and nothing was started")
    func cancelledBefore() async throws {
        try await withPlace { place in
            let handler = try place.script("touch begun")
            let attempt = Task {
                while !Task.isCancelled { await Task.yield() }
                return await handler.perform(task())
            }
            attempt.cancel()
            #expect(await attempt.value == .stopped)
            #expect(!place.has("begun"))
        }
    }

    @Test("many attempts cancelled at any moment all end, stopped or done")
    func cancelledAnywhere() async throws {
        try await withPlace { place in
            let handler = try place.script("cat; sleep 0.01")
            await withTaskGroup(of: HandlerOutcome.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let attempt = Task { await handler.perform(task("x")) }
                        try? await Task.sleep(for: .microseconds(number * 400))
                        attempt.cancel()
                        return await attempt.value
                    }
                }
                for await outcome in group {
                    #expect(outcome == .stopped || outcome == .succeeded(result: Array("x".utf8)))
                }
            }
            #expect(try place.names() == ["handlers"])
        }
    }

    @Test(
        "a grandchild that holds the output open does not delay the result, and ends with its parent",
        arguments: [
            "sleep 600 &", "sleep 600 >/dev/null 2>&1 &", "(trap '' TERM HUP; sleep 600) &",
            "nohup sleep 600 2>/dev/null &",
        ]
    )
    func grandchild(start: String) async throws {
        try await withPlace { place in
            let begin = ContinuousClock.now
            let outcome = try await place.perform("\(start)\necho $! > child\necho all said")
            #expect(outcome.result == "all said\n")
            #expect(ContinuousClock.now - begin < .seconds(300))
            let child = try #require(place.text(of: "child").flatMap { Int32($0.dropLast()) })
            #expect(try await eventually { !isAlive(child) })
        }
    }

    @Test("a grandchild that prints for ever does not keep us reading")
    func printingGrandchild() async throws {
        try await withPlace { place in
            let outcome = try await place.perform("yes &\necho said >&2; exit 3")
            #expect(outcome == .failed(error: "exit status 3: said"))
        }
    }

    @Test("a daemon that left the session and prints for ever does not keep us reading")
    func escapedGrandchild() async throws {
        try await withPlace { place in
            let script =
                "setsid sh -c 'echo $$ > daemon; exec yes' &\nwhile [ ! -s daemon ]; do sleep 0.01; done; echo said >&2; exit 3"
            let outcome = try await place.perform(script)
            #expect(outcome == .failed(error: "exit status 3: said"))
            // Its pipe is gone, so it ends by itself.
            let daemon = try #require(place.text(of: "daemon").flatMap { Int32($0.dropLast()) })
            #expect(try await eventually { !isAlive(daemon) })
        }
    }

    @Test("a program that closes its output and goes on is waited for")
    func closedOutput() async throws {
        try await withPlace { place in
            let outcome = try await place.perform("exec >/dev/null 2>&1; sleep 0.3; touch finished; exit 5")
            #expect(outcome == .failed(error: "exit status 5, nothing on stderr"))
            #expect(place.has("finished"))
            let half = try await place.perform("exec >&-; sleep 0.3; cat >&2; exit 6", task("all read"))
            #expect(half == .failed(error: "exit status 6: all read"))
        }
    }

    @Test("all that a program printed before its end is there, however it ended")
    func completeOutput() async throws {
        try await withPlace { place in
            let handler = try place.script("head -c 60000 /dev/zero | tr '\\0' x; sleep 600 & exit 0")
            for _ in 0..<20 {
                #expect(await handler.perform(task()).result?.utf8.count == 60_000)
            }
        }
    }

    /// Ways out of a program's session, each of which writes the number of what goes on.
    private static let ways = [
        "setsid sh -c 'echo $$ > child; exec sleep 600' &",
        "env -i setsid sh -c 'echo $$ > child; exec sleep 600' &",
        // Its parents have ended before anybody looks.
        "(setsid sh -c 'echo $$ > child; exec sleep 600' &)",
        "env -i setsid sh -c 'setsid sh -c \"echo \\$\\$ > child; exec sleep 600\" & exec sleep 600' &",
    ]

    @Test(
        "what left its session ends with a program that was cancelled",
        arguments: ways,
        ["wait; sleep 600", "trap '' TERM; wait; sleep 600"]
    )
    func cancelledOutsider(_ way: String, _ rest: String) async throws {
        try await withPlace { place in
            let script = "\(way)\nwhile [ ! -s child ]; do sleep 0.01; done; touch begun; \(rest)"
            let outcome = try await cancel(script, in: place, killAfter: .milliseconds(300))
            #expect(outcome == .stopped)
            let child = try #require(place.text(of: "child").flatMap { Int32($0.dropLast()) })
            // At once: the next attempt may begin.
            #expect(!isAlive(child))
        }
    }

    @Test(
        "what left its session lives on behind a program that succeeded",
        arguments: ["exit 0", "trap 'exit 0' TERM; touch begun; while :; do sleep 0.05; done"]
    )
    func daemon(_ rest: String) async throws {
        try await withPlace { place in
            let script = "\(Self.ways[1])\nwhile [ ! -s child ]; do sleep 0.01; done\n\(rest)"
            if rest == "exit 0" {
                #expect(try await place.perform(script).result != nil)
            } else {
                #expect(try await cancel(script, in: place).result != nil)
            }
            let child = try #require(place.text(of: "child").flatMap { Int32($0.dropLast()) })
            #expect(isAlive(child))
            kill(child, SIGKILL)
        }
    }
}
