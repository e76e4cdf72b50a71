import Testing

@testable import TaskRun

@Suite("The order of queues for a fair run")
struct QueueSharesTests {
    @Test("the queue of which the least was claimed comes first, whatever each claim brought")
    func least() {
        var shares = QueueShares()
        shares.note(due: ["b", "a", "c"])
        #expect(shares.order == ["a", "b", "c"])
        for queue in ["a", "b", "a"] { shares.noteClaim(in: queue) }
        #expect(shares.order == ["c", "b", "a"])
        // Seen again a second later.
        shares.note(due: ["a", "b", "c"])
        #expect(shares.order == ["c", "b", "a"])
    }

    @Test("a queue that comes, or comes back, has no arrears")
    func comes() {
        var shares = QueueShares()
        shares.note(due: ["a", "b"])
        for _ in 0..<10 { ["a", "b"].forEach { shares.noteClaim(in: $0) } }
        shares.note(due: ["a", "b", "new"])
        #expect(shares.order == ["a", "b", "new"])
        shares.noteClaim(in: "new")
        #expect(shares.order == ["a", "b", "new"])
        shares.note(due: ["a", "new"])
        shares.noteClaim(in: "a")
        shares.note(due: ["a", "b", "new"])
        #expect(shares.order.last != "b")
        #expect(shares.order.count == 3)
    }
}
