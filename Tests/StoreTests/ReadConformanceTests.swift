import Foundation
import TaskRun
import Testing

/// The part of the suite that only adds tasks and reads them, through the protocols alone: what a new store passes first.
@Suite("A store that is only added to and read")
struct ReadConformanceTests {
    /// The stores; a new one is one case more.
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case sqlite = "SQLite"
        case postgresql = "PostgreSQL"
        case memory = "memory"

        var testDescription: String { rawValue }

        /// An empty store.
        func with(_ body: (any TaskDatabase) async throws -> Void) async throws {
            switch self {
            case .sqlite: try await Fixture.with(.sqlite) { try await body($0.store) }
            case .postgresql: try await Fixture.with(.postgresql) { try await body($0.store) }
            case .memory: try await body(MemoryStore())
            }
        }
    }

    @Test("shows a task as it was added, and nil for an id that no task has", arguments: Kind.allCases)
    func show(_ kind: Kind) async throws {
        try await kind.with { store in
            try await store.requireSchema()
            let moment = Date(timeIntervalSince1970: 4_000_000_000)
            let task = NewTask(name: "A", data: "[1]", queue: "q", priority: -3, runAt: moment, maxAttempts: 7)
            let id = try #require(try await store.add([task]).first)
            let row = try #require(try await store.show(id))
            #expect(row.name == "A" && row.data == "[1]" && row.queue == "q" && row.priority == -3)
            #expect(row.runAt == moment && row.maxAttempts == 7 && row.status == .waiting && row.attempts == 0)
            #expect(try await store.show(id + 1) == nil)
        }
    }

    @Test("gives tasks the defaults, and numbers that rise", arguments: Kind.allCases)
    func defaults(_ kind: Kind) async throws {
        try await kind.with { store in
            let ids = try await store.add([NewTask(name: "A"), NewTask(name: "B")])
            #expect(ids.count == 2 && ids == ids.sorted() && Set(ids).count == 2)
            let row = try #require(try await store.show(ids[0]))
            #expect(row.data == "{}" && row.queue == "default" && row.priority == 0 && row.maxAttempts == nil)
            #expect(abs(row.runAt.timeIntervalSinceNow) < 3600 && abs(row.createdAt.timeIntervalSinceNow) < 3600)
        }
    }

    @Test("of equal tasks it keeps the one that waits", arguments: Kind.allCases)
    func equal(_ kind: Kind) async throws {
        try await kind.with { store in
            let first = try await store.addEach([NewTask(name: "A", dedupeKey: "k")])
            let again = try await store.addEach([
                NewTask(name: "A", dedupeKey: "k"), NewTask(name: "B", dedupeKey: "k"), NewTask(name: "A"),
            ])
            #expect(again.map(\.isNew) == [false, true, true] && again[0].id == first[0].id)
            #expect(try await store.list(TaskFilter()).count == 3)
        }
    }

    @Test("lists by state, name and queue, from a number on, and with or without payloads", arguments: Kind.allCases)
    func list(_ kind: Kind) async throws {
        try await kind.with { store in
            let tasks = (0..<6).map {
                NewTask(name: $0 % 2 == 0 ? "A" : "B", data: "[\($0)]", queue: $0 < 3 ? "q" : nil)
            }
            let ids = try await store.add(tasks)
            func list(_ filter: TaskFilter) async throws -> [Int64] { try await store.list(filter).map(\.id) }
            #expect(try await list(TaskFilter()) == ids)
            #expect(try await list(TaskFilter(status: .waiting, name: "A")) == [ids[0], ids[2], ids[4]])
            #expect(try await list(TaskFilter(queue: "q")) == Array(ids[..<3]))
            #expect(try await list(TaskFilter(name: "B", queue: "default")) == [ids[3], ids[5]])
            #expect(try await list(TaskFilter(limit: 2, after: ids[1])) == [ids[2], ids[3]])
            #expect(try await list(TaskFilter(status: .failed)).isEmpty)
            #expect(try await store.list(TaskFilter(limit: 1)).map(\.data) == ["[0]"])
            #expect(try await store.list(TaskFilter(limit: 1, hasData: false)).map(\.data) == [""])
        }
    }

    @Test("counts by queue, name and state, and says what is due", arguments: Kind.allCases)
    func summary(_ kind: Kind) async throws {
        try await kind.with { store in
            _ = try await store.add([
                NewTask(name: "A"), NewTask(name: "A"), NewTask(name: "A", delay: .seconds(3600)),
                NewTask(name: "B", queue: "q"),
            ])
            let summary = try await store.summary()
            #expect(
                summary.lines.map { "\($0.queue) \($0.name) \($0.status.rawValue) \($0.count) \($0.due)" }.sorted()
                    == ["default A WAITING 3 2", "q B WAITING 1 1"]
            )
            #expect(summary.holders.isEmpty && summary.paused.isEmpty)
            #expect(try await store.pausedQueues().isEmpty)
            #expect(try await store.limits().isEmpty)
        }
    }

    @Test("a look says which names wait, and whether a task of these names and queues is due", arguments: Kind.allCases)
    func look(_ kind: Kind) async throws {
        try await kind.with { store in
            let names = ["A", "B"]
            let nothing = Look(holdsClaims: false, isDue: false, waitingNames: [])
            #expect(try await store.look(names: names, queues: nil) == nothing)
            _ = try await store.add([NewTask(name: "C"), NewTask(name: "B", queue: "q", delay: .seconds(3600))])
            #expect(try await !store.look(names: names, queues: nil).isDue)
            _ = try await store.add([NewTask(name: "B", queue: "q")])
            let look = try await store.look(names: names, queues: nil)
            #expect(look.isDue && look.waitingNames == ["B", "C"] && !look.holdsClaims)
            let (asked, other) = (QueueFilter.groups(["q"])[0], QueueFilter.groups(["other"])[0])
            #expect(try await store.look(names: names, queues: asked).isDue)
            #expect(try await !store.look(names: names, queues: other).isDue)
            #expect(try await store.dueQueues(names: names, queues: nil) == ["q"])
            #expect(try await store.waitingNames(limit: 1) == ["B"])
        }
    }
}
