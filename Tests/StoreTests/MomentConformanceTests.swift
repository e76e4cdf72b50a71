import Foundation
import GRDB
import SQLiteStore
import TaskRun
import Testing

/// What decides behind a lock is read behind the lock.
@Suite("Moments")
struct MomentConformanceTests {
    private func limit(_ fixture: Fixture, perMinute: Int = 5) async throws {
        try await fixture.store.setLimit(TaskLimit(.name("A"), perMinute: perMinute))
        _ = try await fixture.due(20)
    }

    private func begin(_ fixture: Fixture, now: Date? = nil) async throws -> Int {
        let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 20, crashed: 0))
        return try await fixture.store.claim(request, within: [.name("A")], now: now).claimed.count
    }

    @Test(
        "a minute that began up to a minute from now is this one; a later one is of a clock that was put back",
        arguments: StoreUnderTest.allCases
    )
    func putBack(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await limit(fixture)
            for (ahead, begun) in [(0.0, 0), (30, 0), (59, 0), (62, 5)] {
                let moment = Fixture.moment(Fixture.start.addingTimeInterval(ahead))
                try await fixture.sql("UPDATE task_limits SET begun = 5, minute_began = \(moment)")
                #expect(try await begin(fixture, now: Fixture.start) == begun, "\(ahead) s ahead")
            }
        }
    }

    @Test("on SQLite too, a run that waits for another one's claim counts what that has begun in this minute")
    func waited() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("taskrun-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("tasks.db").path
        let store = try SQLiteStore(path: path, opening: .creating)
        _ = try await store.migrate()
        try await store.setLimit(TaskLimit(.name("A"), perMinute: 5))
        _ = try await store.add((0..<20).map { _ in NewTask(name: "A") })
        let (other, gate) = (try DatabaseQueue(path: path), Gate())
        async let before: Void = other.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                gate.open()
                // The other one has time to come and wait; where it comes later, the outcome is the same.
                Thread.sleep(forTimeInterval: 0.5)
                try database.execute(
                    sql: "UPDATE task_limits SET begun = 5, minute_began = strftime('%Y-%m-%d %H:%M:%f', 'now')"
                )
                return .commit
            }
        }
        await gate.wait()
        let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 20, crashed: 0))
        #expect(try await store.claim(request, within: [.name("A")], now: nil).claimed.isEmpty)
        try await before
        await store.close()
    }
}
