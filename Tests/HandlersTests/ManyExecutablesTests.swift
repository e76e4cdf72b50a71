import Foundation
import Synchronization
import TaskRun
import Testing

@testable import Handlers

@Suite("Many executables at once")
struct ManyExecutablesTests {
    private static let count = 64

    /// Performs a script 64 times at once; `body` is called when all have begun, and gets the attempts.
    private func perform(
        _ script: String,
        in place: Place,
        settings: ExecutableSettings? = nil,
        _ body: ([Task<HandlerOutcome, Never>]) async throws -> Void
    ) async throws -> [HandlerOutcome] {
        let handler = try place.script("touch begun.$TASKRUN_TASK_ID\n\(script)", settings: settings)
        let attempts = (1...Self.count).map { number in
            Task { await handler.perform(task("\(number)", id: Int64(number))) }
        }
        #expect(try await eventually { (1...Self.count).allSatisfy { place.has("begun.\($0)") } })
        try await body(attempts)
        var outcomes: [HandlerOutcome] = []
        for attempt in attempts { outcomes.append(await attempt.value) }
        return outcomes
    }

    @Test("64 go on side by side, each gets its own payload, and Swift's own threads are free meanwhile")
    func sideBySide() async throws {
        try await withPlace { place in
            let outcomes = try await perform("while [ ! -e go ]; do sleep 0.1; done; cat", in: place) { _ in
                // Would not come back if those that wait held the few threads that all tasks share.
                await withTaskGroup { group in
                    for _ in 0..<100 { group.addTask { await Task.yield() } }
                }
                try place.write("", to: "go")
            }
            #expect(outcomes == (1...Self.count).map { .succeeded(result: Array("\($0)".utf8)) })
        }
    }

    @Test("64 that are stopped in the middle end, those that ignore SIGTERM too, and leave no process")
    func stopped() async throws {
        try await withPlace { place in
            let run = "many-\(UUID().uuidString)"
            let settings = place.settings(run: run, killAfter: .milliseconds(500))
            let script = "[ $((TASKRUN_TASK_ID % 2)) = 0 ] && trap '' TERM; sleep 600 & while :; do sleep 1; done"
            let outcomes = try await perform(script, in: place, settings: settings) { attempts in
                for attempt in attempts { attempt.cancel() }
            }
            #expect(outcomes.allSatisfy { $0 == .stopped })
            #expect(try await eventually { LeftoverProcesses.processes(startedBy: run).isEmpty })
            #expect(try !place.names().contains { $0.hasPrefix("output-") })
        }
    }

    @Test(
        "tasks that follow on one another are each performed with their own payload, until there is none or one is stopped"
    )
    func following() async throws {
        try await withPlace { place in
            let handler = try place.script(
                "[ $TASKRUN_TASK_ID = 9 ] && touch begun && exec sleep 600; cat; exit $(($TASKRUN_TASK_ID % 3))"
            )
            let ended = Mutex<[HandlerOutcome]>([])
            let attempt = Task {
                await handler.perform(task("1", id: 1), in: .of(task("1", id: 1))) { outcome in
                    let number = ended.withLock { ended in
                        ended.append(outcome)
                        return ended.count + 1
                    }
                    let following = task("\(number)", id: Int64(number))
                    return outcome == .stopped ? nil : (following, .of(following))
                }
            }
            #expect(try await eventually { place.has("begun") })
            attempt.cancel()
            #expect(await attempt.value == .stopped)
            let expected = (1...8).map { number in
                number % 3 == 0
                    ? HandlerOutcome.succeeded(result: Array("\(number)".utf8))
                    : .failed(error: "exit status \(number % 3), nothing on stderr")
            }
            #expect(ended.withLock { $0 } == expected + [.stopped])
        }
    }
}
