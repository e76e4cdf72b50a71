import Synchronization
import Testing

@testable import TaskRun

@Suite("Calls that may take only so long")
struct BoundedTests {
    private struct Trouble: Error {}

    private func word<Value>(_ end: BoundedEnd<Value>) -> String {
        switch end {
        case .returned(let value): "\(value)"
        case .threw(let error): "\(error)"
        case .tookTooLong: "took too long"
        }
    }

    @Test("one that ends in time says how")
    func inTime() async {
        #expect(word(await bounded(by: .seconds(60)) { 7 }) == "7")
        #expect(word(await bounded(by: .seconds(60)) { throw Trouble() } as BoundedEnd<Int>) == "Trouble()")
    }

    @Test("one that listens is cancelled, one that does not is left behind")
    func late() async {
        let listens = await bounded(by: .milliseconds(10), patience: .seconds(60)) {
            try await Task.sleep(for: .seconds(3600))
        }
        #expect(word(listens) == "took too long")
        let (stream, door) = AsyncStream.makeStream(of: Void.self)
        let deaf = await bounded(by: .milliseconds(10), patience: .milliseconds(10)) {
            await Task.detached { for await _ in stream {} }.value
        }
        #expect(word(deaf) == "took too long")
        door.finish()
    }

    @Test("the caller's cancellation reaches it only where it should", arguments: [true, false])
    func cancelled(heeds: Bool) async {
        let task = Task {
            await bounded(by: .seconds(60), heedsCancellation: heeds) {
                try? await Task.sleep(for: .milliseconds(50))
                return Task.isCancelled
            }
        }
        task.cancel()
        #expect(word(await task.value) == "\(heeds)")
    }

    @Test("a shield holds cancellation off for a while only")
    func shield() async {
        let early = Mutex(true)
        let late = Mutex(false)
        let task = Task {
            await shielded(from: .milliseconds(200)) {
                early.withLock { $0 = Task.isCancelled }
                try? await Task.sleep(for: .seconds(3600))
                late.withLock { $0 = Task.isCancelled }
            }
        }
        task.cancel()
        await task.value
        #expect(!early.withLock { $0 } && late.withLock { $0 })
    }
}
