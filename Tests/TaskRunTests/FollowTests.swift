import Testing

@testable import TaskRun

@Suite("How a worker goes on with the next task without leaving its handler")
struct FollowTests {
    private static func task(_ id: Int64, _ name: String = "A") -> ClaimedTask {
        ClaimedTask(
            proof: ClaimProof(id: id, number: 1),
            name: name,
            queue: "default",
            data: Array("{}".utf8),
            attempt: 1,
            maxAttempts: nil,
            timeout: nil,
            crashes: 0
        )
    }

    /// A bench on which worker 1 performs the first of these tasks and the others wait.
    private func bench(_ tasks: [ClaimedTask]) -> Workbench {
        let bench = Workbench()
        bench.add(tasks, leaseEnd: .now + .seconds(300))
        #expect(bench.next(worker: 1, after: nil) { _ in .seconds(1) } == tasks.first)
        return bench
    }

    private func follow(_ bench: Workbench, canFollow: Bool = true) -> ClaimedTask? {
        bench.follow(worker: 1, after: .succeeded(), where: { _ in canFollow }, timeLimit: { _ in .seconds(2) })
    }

    @Test("it gets the next task of the same name, in order, and the one before counts as ended")
    func inOrder() {
        let bench = bench([Self.task(1), Self.task(2), Self.task(3), Self.task(4, "B"), Self.task(5)])
        #expect(follow(bench)?.id == 2)
        #expect(follow(bench)?.id == 3)
        #expect(bench.with { $0.finished.map(\.held.task.id) } == [1, 2])
        #expect(bench.with { $0.running[1]?.timeLimit } == .seconds(2))
        // Another name is due: it is not passed over.
        #expect(follow(bench) == nil)
        #expect(bench.with { $0.finished.count } == 2)
        #expect(bench.with { $0.running[1]?.held.task.id } == 3)
    }

    @Test("it keeps its task where the next one does not do, where none waits, and after a cancellation")
    func keeps() {
        let bench = bench([Self.task(1), Self.task(2)])
        #expect(follow(bench, canFollow: false) == nil)
        bench.with { $0.running[1]?.cancellation = (.stopping, .now) }
        #expect(follow(bench) == nil)
        bench.with { $0.running[1]?.cancellation = nil }
        #expect(follow(bench)?.id == 2)
        #expect(follow(bench) == nil)
        #expect(bench.with { $0.finished.map(\.held.task.id) } == [1])
        // Given up by the run: its task is settled, it must take nothing more.
        bench.with { $0.running[1] = nil }
        bench.add([Self.task(3)], leaseEnd: .now + .seconds(300))
        #expect(follow(bench) == nil)
    }
}
