import Foundation
import Synchronization
import TaskRun
import Testing

/// A Swift handler that writes down what is called.
private final class Steps: TaskHandler {
    struct Payload: Decodable { let how: String }
    struct Mishap: Error {}
    static let taskName = "A"

    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    private func note(_ line: String) { lines.withLock { $0.append(line) } }

    func setUp(in context: TaskContext) async throws {
        note("setUp \(context.taskID)")
        if context.queue == "bad" { throw PermanentFailure("no set-up") }
    }

    func perform(_ payload: Payload, in context: TaskContext) async throws {
        note("perform \(payload.how)")
        if payload.how == "throw" { throw Mishap() }
        if payload.how == "hang" { try await Task.sleep(for: .seconds(3600)) }
    }

    func tearDown(in context: TaskContext) async {
        // Where it were cancelled this would end at once.
        try? await Task.sleep(for: .milliseconds(1))
        note("tearDown\(Task.isCancelled ? ", cancelled" : "")")
    }
}

@Suite("setUp and tearDown")
struct SetUpConformanceTests {
    @Test("are called in order around perform, whatever becomes of it", arguments: StoreUnderTest.allCases)
    func order(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            for (how, status) in [("go", nil), ("throw", "WAITING"), ("hang", "WAITING")] {
                let id = try await fixture.store.add([NewTask(name: "A", data: #"{"how":"\#(how)"}"#)])[0]
                let steps = Steps()
                let run = try fixture.makeRun([SwiftHandler(steps)]) {
                    if how == "hang" { $0.timeout = .milliseconds(200) }
                }
                _ = try await run.run()
                #expect(steps.all == ["setUp \(id)", "perform \(how)", "tearDown"])
                let row = try await fixture.store.show(id)
                #expect(row?.status.rawValue == status)
                let error = how == "throw" ? "Mishap()" : "took longer than its time limit of 0.2 s; cancelled"
                #expect(row?.lastError == (status == nil ? nil : error))
                // Its next attempt is not this test's, however long the others keep the machine.
                _ = try await fixture.store.delete([id])
            }
        }
    }

    @Test("after a stop tearDown is called in peace", arguments: StoreUnderTest.allCases)
    func stop(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", data: #"{"how":"hang"}"#)])
            let (steps, stop) = (Steps(), StopSignal())
            async let report = fixture.makeRun([SwiftHandler(steps)], stop: stop).run()
            try await eventually("it was not begun") { steps.all.last == "perform hang" }
            stop.request()
            stop.request()
            #expect(try await report.released == 1)
            #expect(steps.all.last == "tearDown")
        }
    }

    @Test("where setUp throws perform is left out and tearDown is called", arguments: StoreUnderTest.allCases)
    func setUpThrows(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            _ = try await fixture.store.add([NewTask(name: "A", data: #"{"how":"go"}"#, queue: "bad")])
            let steps = Steps()
            #expect(try await fixture.makeRun([SwiftHandler(steps)]).run().failed == 1)
            #expect(steps.all == ["setUp 1", "tearDown"])
            try await fixture.expect("SELECT last_error FROM tasks", "no set-up")
        }
    }

    @Test("where the payload does not fit nothing is set up", arguments: StoreUnderTest.allCases)
    func payload(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let steps = Steps()
            #expect(try await fixture.makeRun([SwiftHandler(steps)]).run().failed == 1)
            #expect(steps.all.isEmpty)
        }
    }

    @Test(
        "a tearDown that never ends is given up like a handler that does not listen",
        arguments: StoreUnderTest.allCases
    )
    func deaf(_ kind: StoreUnderTest) async throws {
        struct Deaf: TaskHandler {
            static let taskName = "A"
            let gate: Gate
            func perform(_ payload: [String: String], in context: TaskContext) async throws {}
            func tearDown(in context: TaskContext) async { await gate.wait() }
        }
        try await Fixture.with(kind) { fixture in
            try await fixture.due()
            let gate = Gate()
            defer { gate.open() }
            let report = try await fixture.makeRun([SwiftHandler(Deaf(gate: gate))]) {
                $0.timeout = .milliseconds(50)
                $0.patience = .milliseconds(50)
            }.run()
            #expect((report.abandoned, report.retried) == (1, 1))
        }
    }

    @Test("a handler without them is called as before, any number of times", arguments: StoreUnderTest.allCases)
    func plain(_ kind: StoreUnderTest) async throws {
        struct Plain: TaskHandler {
            static let taskName = "A"
            func perform(_ payload: [String: String], in context: TaskContext) async throws {}
        }
        try await Fixture.with(kind) { fixture in
            try await fixture.due(100)
            #expect(try await fixture.makeRun([SwiftHandler(Plain())]).run().succeeded == 100)
        }
    }
}
