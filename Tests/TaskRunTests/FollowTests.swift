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

    /// Worker 1 performs the first of these tasks, and the others are ready.
    private func attempts(_ tasks: [ClaimedTask]) -> Attempts {
        let attempts = Attempts()
        attempts.add(tasks, leaseEnd: .now + .seconds(300))
        #expect(attempts.next(worker: 1, after: nil) { _ in .seconds(1) } == tasks.first)
        return attempts
    }

    private func follow(_ attempts: Attempts, canFollow: Bool = true) -> ClaimedTask? {
        attempts.follow(worker: 1, after: .succeeded(), where: { _ in canFollow }, timeLimit: { _ in .seconds(2) })
    }

    @Test("it gets the next task of the same name, in order, and the one before counts as ended")
    func inOrder() {
        let attempts = attempts([Self.task(1), Self.task(2), Self.task(3), Self.task(4, "B"), Self.task(5)])
        #expect(follow(attempts)?.id == 2)
        #expect(follow(attempts)?.id == 3)
        #expect(attempts.with { $0.ended.map(\.task.id) } == [1, 2])
        #expect(attempts.with { $0.running[1]?.timeLimit } == .seconds(2))
        // Another name is due: it is not passed over.
        #expect(follow(attempts) == nil)
        #expect(attempts.with { $0.ended.count } == 2)
        #expect(attempts.with { $0.running[1]?.task.id } == 3)
    }

    @Test("it keeps its task where the next one does not do, where none waits, and after a cancellation")
    func keeps() {
        let attempts = attempts([Self.task(1), Self.task(2)])
        #expect(follow(attempts, canFollow: false) == nil)
        #expect(follow(attempts)?.id == 2)
        #expect(follow(attempts) == nil)
        #expect(attempts.with { $0.ended.map(\.task.id) } == [1])
        // Given up by the run: its task is settled, it must take nothing more.
        attempts.with { $0.running[1] = nil }
        attempts.add([Self.task(3)], leaseEnd: .now + .seconds(300))
        #expect(follow(attempts) == nil)
        let cancelled = self.attempts([Self.task(1), Self.task(2)])
        cancelled.with { $0.cancel(worker: 1, .stopping, at: .now) }
        #expect(follow(cancelled) == nil)
    }
}
