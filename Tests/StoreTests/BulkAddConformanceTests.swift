import Foundation
import Synchronization
import TaskRun
import Testing

@Suite("Bulk add")
struct BulkAddConformanceTests {
    @Test("a task from a source is the same as one that was added alone", arguments: StoreUnderTest.allCases)
    func same(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture async throws in
            let tasks = [
                NewTask(name: "A"), NewTask(name: "B", data: "[1]", queue: "q"), NewTask(name: "C", priority: -3),
                NewTask(name: "D", runAt: Fixture.start.addingTimeInterval(0.125)),
                NewTask(name: "E", maxAttempts: 4, timeoutSeconds: 5),
                NewTask(name: "F", runAt: Date(timeIntervalSince1970: -86_400 * 365 * 80 - 0.5)),
                NewTask(name: "G", data: "null", queue: "q", priority: 1, maxAttempts: 1),
                NewTask(name: "H", lockKey: "l\\N", expiresAt: Fixture.start.addingTimeInterval(0.5)),
            ]
            _ = try await fixture.store.add(tasks)
            let source = ListedTasks(tasks)
            #expect(try await fixture.store.add(from: source))
            #expect(source.added.map(\.id) == Array(9...16))
            #expect(source.added.map(\.name) == tasks.map(\.name))
            for id in Int64(1)...8 {
                let alone = try #require(try await fixture.store.show(id))
                var row = try #require(try await fixture.store.show(id + 8))
                if tasks[Int(id) - 1].runAt == nil {
                    #expect(abs(row.runAt.timeIntervalSince(alone.runAt)) < 60)
                    row.runAt = alone.runAt
                }
                (row.id, row.createdAt) = (alone.id, alone.createdAt)
                #expect(row == alone)
            }
        }
    }

    @Test("a delay in a source is counted from now", arguments: StoreUnderTest.allCases)
    func delay(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture async throws in
            #expect(try await fixture.store.add(from: ListedTasks([NewTask(name: "A", delay: .seconds(600))])))
            let row = try #require(try await fixture.store.show(1))
            #expect(abs(row.runAt.timeIntervalSince(Date()) - 600) < 60)
        }
    }

    @Test("whatever a text holds comes through byte for byte", arguments: StoreUnderTest.allCases)
    func hostile(_ kind: StoreUnderTest) async throws {
        let texts = [
            #"\."#, #"\N"#, #"\"#, #"\\."#, #"a\tb\nc"#, "a,b;c|d", "'; DROP TABLE tasks; --", "\"", "ä€𝄞👩‍👩‍👧",
            "\u{FEFF}x", "%s$1",
            "NULL", " ", "\u{2028}", "e\u{301}",
        ]
        let data = [
            #""\\.""#, "[1,\t2]", "[1,\r2]", "[1,\n2]", #"{"a":"\u0000\u001f","b":"\\N"}"#, "\n\\.\n".jsonText,
            "\"\u{7f}\"",
            "12345678901234567890.10",
        ]
        try await Fixture.with(kind) { fixture async throws in
            let tasks =
                texts.map { NewTask(name: "x" + $0.replacing("/", with: ""), queue: $0) }
                + data.map { NewTask(name: "X", data: $0) }
            let source = ListedTasks(tasks)
            #expect(try await fixture.store.add(from: source))
            for (added, task) in zip(source.added, tasks) {
                let row = try #require(try await fixture.store.show(added.id))
                #expect(Array(row.name.utf8) == Array(task.name.utf8))
                #expect(Array(row.queue.utf8) == Array((task.queue ?? "default").utf8))
                #expect(Array(row.data.utf8) == Array(task.data.utf8))
            }
        }
    }

    @Test("a task that is refused is named, and nothing is added", arguments: StoreUnderTest.allCases)
    func refused(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture async throws in
            var tasks = (0..<500).map { NewTask(name: "A", data: "\($0)") }
            tasks[341] = NewTask(name: "a/b")
            let source = ListedTasks(tasks, batch: 200)
            #expect(try await fixture.store.add(from: source) == false)
            #expect(source.refusals.map(\.number) == [342])
            #expect(source.refusals.first?.error.code == .refused)
            #expect(source.refusals.first?.error.cause.contains("task_name_is_1_to_200_characters") == true)
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
            // The connection is as good as before.
            #expect(try await fixture.store.add(from: ListedTasks([NewTask(name: "A")])))
        }
    }

    @Test(
        "from a lenient source all are added that the table takes, in its order",
        arguments: StoreUnderTest.allCases
    )
    func lenient(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture async throws in
            let bad = [
                NewTask(name: ""), NewTask(name: "A", data: "{bad"), NewTask(name: "A", queue: ""),
                NewTask(name: "A", maxAttempts: 0), NewTask(name: ".A"), NewTask(name: "A\0"),
                NewTask(name: "A", data: "\"\0\""),
            ]
            var tasks = (0..<300).map { NewTask(name: "A", data: "\($0)") }
            let places = [0, 1, 2, 77, 150, 298, 299]
            for (place, task) in zip(places, bad) { tasks[place] = task }
            let source = ListedTasks(tasks, batch: 100, isLenient: true)
            #expect(try await fixture.store.add(from: source))
            #expect(source.refusals.map(\.number) == places.map { $0 + 1 })
            #expect(source.added.count == 293)
            #expect(source.added.map(\.id) == source.added.map(\.id).sorted())
            let expected = tasks.indices.filter { !places.contains($0) }.map { "\($0)" }
            #expect(try await fixture.rows("SELECT data FROM tasks ORDER BY id") == expected)
        }
    }

    @Test("a source that stops leaves nothing", arguments: StoreUnderTest.allCases)
    func stopped(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture async throws in
            let source = ListedTasks((0..<500).map { NewTask(name: "A", data: "\($0)") }, batch: 100, stoppingAfter: 3)
            #expect(try await fixture.store.add(from: source) == false)
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
            #expect(try await fixture.store.add(from: ListedTasks([])))
            #expect(try await fixture.store.add(from: ListedTasks([], stoppingAfter: 0)) == false)
        }
    }

    @Test("without tables nothing is read", arguments: StoreUnderTest.allCases)
    func noTables(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind, migrated: false) { fixture async throws in
            let error = await #expect(throws: StoreError.self) {
                try await fixture.store.add(from: ListedTasks([NewTask(name: "A")]))
            }
            #expect(error?.code == .schema || kind == .sqlite)
        }
    }
}

/// A source that has all its tasks in a list, and remembers what it is told.
final class ListedTasks: TaskSource {
    private struct State {
        var step = 0
        var added: [AddedTask] = []
        var notNeeded = 0
        var refusals: [(number: Int, error: StoreError)] = []
    }

    let isLenient: Bool
    private let tasks: [NumberedTask]
    private let batch: Int
    private let stop: Int?
    private let state = Mutex(State())

    init(_ tasks: [NewTask], batch: Int = 1000, isLenient: Bool = false, stoppingAfter stop: Int? = nil) {
        self.tasks = tasks.enumerated().map { NumberedTask($0 + 1, $1) }
        (self.batch, self.isLenient, self.stop) = (batch, isLenient, stop)
    }

    var added: [AddedTask] { state.withLock { $0.added } }
    var notNeededCount: Int { state.withLock { $0.notNeeded } }
    var refusals: [(number: Int, error: StoreError)] { state.withLock { $0.refusals } }

    func next() -> TaskSourceStep {
        let step = state.withLock { state in
            defer { state.step += 1 }
            return state.step
        }
        if let stop, step >= stop { return .stop }
        let rest = tasks.dropFirst(step * batch)
        return rest.isEmpty ? .end : .tasks(Array(rest.prefix(batch)))
    }

    func refused(_ number: Int, _ error: StoreError) { state.withLock { $0.refusals.append((number, error)) } }
    func added(_ tasks: [AddedTask]) { state.withLock { $0.added += tasks } }
    func notNeeded(_ count: Int) { state.withLock { $0.notNeeded += count } }
}

extension String {
    fileprivate var jsonText: String { String(decoding: (try? JSONEncoder().encode(self)) ?? Data(), as: UTF8.self) }
}
