import Testing

@testable import TaskRun

/// How a table that may be large is counted and gone through.
@Suite("Looks at large tables")
struct LookTests {
    private struct Late: Error {}

    @Test("counts of one queue, name and state are one line, which says if there are more")
    func sums() {
        func line(_ name: String, _ status: TaskStatus, _ count: Int, due: Int = 0) -> CountedLine {
            CountedLine(queue: "q", name: name, status: status, count: count, due: due, oldestDue: nil)
        }
        let lanes = [line("A", .waiting, 3, due: 1), line("A", .waiting, 11, due: 11)].map { $0.limited(to: 11) }
        let failed = [line("B", .failed, 2), line("C", .failed, 4), line("B", .failed, 0)].limitedByName(to: 4)
        let sums = CountedLine.sums(lanes + failed)
        #expect(sums.map(\.name) == ["A", "B", "C"])
        #expect(sums.map(\.count) == [13, 2, 4])
        #expect(sums.map(\.due) == [11, 0, 0])
        #expect(sums.map(\.isPartial) == [true, false, true])
    }

    @Test("few rows are counted to the last one, and of many each lane only in part")
    func limits() {
        let few = CountLimits(waiting: TableSummary.Total(1_000_000), failed: TableSummary.Total(200_000))
        #expect(few.ofLane == 1_000_001 && few.ofFailedName == 200_001)
        let many = CountLimits(waiting: TableSummary.Total(1_000_001), failed: TableSummary.Total(200_001))
        #expect(many.ofLane == 10_001 && many.ofFailedName == 10_001)
        #expect(TableSummary.Total(1_000_001).isPartial && TableSummary.Total(1_000_001).count == 1_000_000)
    }

    private static func task(_ id: Int64) -> MatchedTask {
        MatchedTask(id: id, name: "A", queue: "q", status: .waiting)
    }

    /// What a walk finds in a table of the numbers 1 to `count`, in which some are selected, and how many it looked at.
    private func found(
        _ selected: ClosedRange<Int64>,
        of count: Int64,
        _ filter: TaskFilter,
        indexed: Bool
    ) throws -> (ids: [Int64], seen: Int64) {
        var seen: Int64 = 0
        func rest(_ filter: TaskFilter) -> ClosedRange<Int64>? {
            let first = filter.isLatest ? 1 : (filter.after ?? 0) + 1
            let last = filter.isLatest ? (filter.after ?? count + 1) - 1 : count
            return first <= last ? first...last : nil
        }
        let walk = TableWalk<any Error>(
            page: { filter, until in
                guard let rest = rest(filter) else { return [] }
                let first = filter.isLatest ? until ?? rest.lowerBound : rest.lowerBound
                let part = first...(filter.isLatest ? rest.upperBound : until ?? rest.upperBound)
                seen += Int64(part.count)
                guard part.overlaps(selected) else { return [] }
                let found = part.clamped(to: selected)
                if filter.isLatest { return found.suffix(filter.limit).reversed().map(Self.task) }
                return found.prefix(filter.limit).map(Self.task)
            },
            edge: { filter, rows in
                guard let rest = rest(filter), rest.count >= rows else { return nil }
                return filter.isLatest ? rest.upperBound - Int64(rows) + 1 : rest.lowerBound + Int64(rows) - 1
            },
            next: { filter in
                #expect(indexed)
                guard let rest = rest(filter), rest.overlaps(selected) else { return nil }
                let left = rest.clamped(to: selected)
                return filter.isLatest ? left.upperBound : left.lowerBound
            },
            late: { Late() }
        )
        return (try walk.rows(filter).map(\.id), seen)
    }

    @Test("rows far behind others are found without looking at all of those", arguments: [false, true])
    func far(_ isLatest: Bool) throws {
        var filter = TaskFilter(status: .waiting, limit: 3)
        filter.isLatest = isLatest
        let selected: ClosedRange<Int64> = isLatest ? 1_000...1_999 : 9_000_001...9_500_000
        let expected: [Int64] = isLatest ? [1_999, 1_998, 1_997] : [9_000_001, 9_000_002, 9_000_003]
        let (ids, seen) = try found(selected, of: 10_000_000, filter, indexed: true)
        #expect(ids == expected)
        #expect(seen < 100_000)
        // Without an index all parts are looked at.
        filter.status = nil
        let slow = try found(selected, of: 10_000_000, filter, indexed: false)
        #expect(slow.ids == expected && slow.seen > 8_000_000)
    }

    @Test("a walk ends where the table does, and where nothing more is selected")
    func end() throws {
        let waiting = TaskFilter(status: .waiting, limit: 10)
        #expect(try found(5...7, of: 20, waiting, indexed: true).ids == [5, 6, 7])
        #expect(try found(5...7, of: 1_000_000, waiting, indexed: true).ids == [5, 6, 7])
        #expect(try found(5...7, of: 1_000_000, TaskFilter(limit: 0), indexed: false).ids == [])
        #expect(try found(2...3, of: 1, TaskFilter(limit: 5), indexed: false).ids == [])
    }

    @Test("a walk that takes longer than it may is given up")
    func late() {
        var filter = TaskFilter(limit: 10)
        filter.patience = .zero
        #expect(throws: Late.self) {
            try found(9_999_999...9_999_999, of: 10_000_000, filter, indexed: false)
        }
    }
}
