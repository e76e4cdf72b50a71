import Dispatch
import Platform
import Synchronization
import Testing
import Text

@testable import TaskRun

@Suite("Threads")
struct ThreadsTests {
    /// Holds whoever comes to it until it is opened.
    private final class Gate: Sendable {
        private let count = Mutex(0)
        private let opened = DispatchSemaphore(value: 0)

        func hold() {
            count.withLock { $0 += 1 }
            opened.wait()
        }

        /// Waits until so many are held; false: it took a minute.
        func hasHeld(_ number: Int) async -> Bool {
            let end = ContinuousClock.now.advanced(by: .seconds(60))
            while count.withLock({ $0 }) < number, .now < end { try? await Task.sleep(for: .milliseconds(5)) }
            return .now < end
        }

        func open(for number: Int) { for _ in 0..<number { opened.signal() } }
    }

    private actor Blocking {
        private nonisolated let executor = QueueExecutor()
        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
        private var seen: [Int] = []

        func hold(at gate: Gate) { gate.hold() }
        func note(_ number: Int) { seen.append(number) }
        var all: [Int] { seen }
    }

    // 1000 scripts can be in progress at once, each on a connection that waits for the server. libdispatch has 255 threads.
    @Test("however many actors block, one more has a thread")
    func manyActorsBlock() async {
        let (gate, number) = (Gate(), 1001)
        await withTaskGroup { group in
            for _ in 0..<number {
                group.addTask { await Blocking().hold(at: gate) }
            }
            #expect(await gate.hasHeld(number))
            gate.open(for: number)
        }
    }

    @Test("what blocks off the pool takes none of Swift's own threads")
    func offThePool() async {
        let (gate, number) = (Gate(), 100)
        await withTaskGroup { group in
            for _ in 0..<number {
                group.addTask { await offPool { gate.hold() } }
            }
            #expect(await gate.hasHeld(number))
            gate.open(for: number)
        }
    }

    @Test("an actor does one thing at a time, what one caller asks in the order in which it asks")
    func oneAtATime() async {
        let actor = Blocking()
        await withTaskGroup { group in
            for caller in 0..<100 {
                group.addTask { for number in 0..<100 { await actor.note(caller * 100 + number) } }
            }
        }
        let all = await actor.all
        #expect(all.count == 10_000)
        for caller in 0..<100 {
            #expect(all.filter { $0 / 100 == caller } == Array(caller * 100..<caller * 100 + 100))
        }
    }

    @Test("a payload that is nested as deep as it may be is read on any of them")
    func deep() async {
        let text =
            String(repeating: #"{"a":["#, count: JSONScanner.depthLimit / 2 - 1)
            + String(
                repeating: "]}",
                count: JSONScanner.depthLimit / 2 - 1
            )
        let isJSON = await offPool { (try? JSONScanner.check(text.replacing("[]", with: "[1]"))) != nil }
        #expect(isJSON)
    }
}
