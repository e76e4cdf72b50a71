import Foundation
import TaskRun
import Testing

@Suite("A claim is bounded by bytes")
struct PayloadConformanceTests {
    private static let megabyte = 1 << 20

    /// A JSON text of so many bytes, some in a form that the server stores compressed.
    private static func payload(_ bytes: Int, _ kind: StoreUnderTest, compressible: Bool) -> String {
        switch kind {
        case .sqlite: "'\"' || replace(hex(zeroblob(\(bytes / 2))), '0', 'x') || '\"'"
        case .postgresql:
            compressible
                ? "('\"' || repeat('x', \(bytes)) || '\"')::json"
                : "('\"' || (SELECT string_agg(md5(n::text), '') FROM generate_series(1, \(bytes / 32)) AS n) || '\"')::json"
        }
    }

    private static let cases = [(StoreUnderTest.sqlite, true), (.postgresql, true), (.postgresql, false)]

    @Test("large rows behind small ones come a few at a time, all of them, in order", arguments: cases)
    func largeBehindSmall(_ kind: StoreUnderTest, _ compressible: Bool) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(20)
            try await fixture.add(
                12,
                columns: "data",
                values: Self.payload(2 * Self.megabyte, kind, compressible: compressible)
            )
            var request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 100, crashed: 0))
            request.bytes = 5 * Self.megabyte
            var ids: [Int64] = []
            var most = 0
            while case let tasks = try await fixture.store.claim(request, now: Fixture.start), !tasks.isEmpty {
                most = max(most, tasks.reduce(0) { $0 + $1.data.count })
                ids += tasks.map(\.id)
                // What was not claimed is as it was.
                try await fixture.expect("SELECT count(*) FROM tasks WHERE status = 'WAITING'", "\(32 - ids.count)")
                try await fixture.expect("SELECT count(*) FROM tasks WHERE attempts = 1", "\(ids.count)")
            }
            #expect(ids == Array(1...32))
            #expect(most <= 7 * Self.megabyte, "\(most)")
        }
    }

    @Test(
        "over lanes, lock keys and rows whose runs died the most urgent ones come first, and no others hold a key",
        arguments: cases
    )
    func manyLanes(_ kind: StoreUnderTest, _ compressible: Bool) async throws {
        try await Fixture.with(kind) { fixture in
            let data = Self.payload(2 * Self.megabyte, kind, compressible: compressible)
            for priority in [3, 1, 2] {
                try await fixture.add(2, columns: "data, priority", values: "\(data), \(priority)")
                try await fixture.add(
                    1,
                    columns: "data, priority, lock_key",
                    values: "\(data), \(priority), 'key \(priority)'"
                )
                try await fixture.add(1, columns: "data, priority, crashes", values: "\(data), \(priority), 1")
            }
            var request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 100, crashed: 100))
            request.bytes = 3 * Self.megabyte
            var priorities: [String] = []
            while case let tasks = try await fixture.store.claim(request, now: Fixture.start), !tasks.isEmpty {
                #expect(tasks.reduce(0) { $0 + $1.data.count } <= 5 * Self.megabyte)
                for task in tasks {
                    priorities += try await fixture.rows("SELECT priority FROM tasks WHERE id = \(task.id)")
                }
                try await fixture.expect(
                    "SELECT count(*) FROM tasks WHERE lock_place = 2 AND status <> 'PROCESSING'",
                    "0"
                )
            }
            #expect(priorities == priorities.sorted() && priorities.count == 12, "\(priorities)")
        }
    }

    @Test("a row larger than all that may come does come, alone", arguments: cases)
    func larger(_ kind: StoreUnderTest, _ compressible: Bool) async throws {
        try await Fixture.with(kind) { fixture in
            let data = Self.payload(2 * Self.megabyte, kind, compressible: compressible)
            try await fixture.add(3, columns: "data", values: data)
            var request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 100, crashed: 0))
            request.bytes = 1
            for id in 1...3 as ClosedRange<Int64> {
                let tasks = try await fixture.store.claim(request, now: Fixture.start)
                #expect(tasks.map(\.id) == [id] && tasks.allSatisfy { $0.data.count > Self.megabyte })
            }
        }
    }
}
