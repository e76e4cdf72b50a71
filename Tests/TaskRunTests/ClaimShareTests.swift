import Testing

@testable import TaskRun

@Suite struct ClaimShareTests {
    @Test("without limits there is one part a group of queues, in the groups' order")
    func plain() {
        #expect(ClaimShare.divide(["A"], [], by: []) == [ClaimShare(names: ["A"], queues: nil, limits: [])])
        #expect(
            ClaimShare.divide(["A", "B"], [["high"], ["low"]], by: []) == [
                ClaimShare(names: ["A", "B"], queues: ["high"], limits: []),
                ClaimShare(names: ["A", "B"], queues: ["low"], limits: []),
            ]
        )
    }

    @Test("what is limited comes first, each part with all limits that hold for it, and nothing is in two parts")
    func limited() {
        let limits = [TaskLimit(.queue("mail"), running: 1), TaskLimit(.name("B"), running: 1)]
        #expect(
            ClaimShare.divide(["A", "B"], [], by: limits) == [
                ClaimShare(names: ["B"], queues: ["mail"], limits: [.queue("mail"), .name("B")]),
                ClaimShare(names: ["A"], queues: ["mail"], limits: [.queue("mail")]),
                ClaimShare(names: ["B"], queues: QueueFilter(["*"], except: ["mail"]), limits: [.name("B")]),
                ClaimShare(names: ["A"], queues: QueueFilter(["*"], except: ["mail"]), limits: []),
            ]
        )
    }

    @Test("limits of other names and queues change nothing")
    func others() {
        let limits = [TaskLimit(.queue("other"), running: 1), TaskLimit(.name("C"), running: 1)]
        #expect(
            ClaimShare.divide(["A"], [["mail"]], by: limits) == [
                ClaimShare(names: ["A"], queues: ["mail"], limits: [])
            ]
        )
    }

    @Test("a limited queue among several of a list is taken out of them")
    func list() {
        let limits = [TaskLimit(.queue("a"), perMinute: 5)]
        #expect(
            ClaimShare.divide(["A"], [["a", "b"], ["a*"]], by: limits) == [
                ClaimShare(names: ["A"], queues: ["a"], limits: [.queue("a")]),
                ClaimShare(names: ["A"], queues: ["b"], limits: []),
                ClaimShare(names: ["A"], queues: ["a"], limits: [.queue("a")]),
                ClaimShare(names: ["A"], queues: QueueFilter(["a*"], except: ["a"]), limits: []),
            ]
        )
    }
}
