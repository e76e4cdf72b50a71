import Testing

@testable import TaskRun

@Suite("Names that are held back")
struct HoldsTests {
    private let start = ContinuousClock.now

    private func moment(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    @Test("the pause of a name doubles up to a minute, and begins anew once it has begun")
    func pauses() {
        var holds = Holds()
        var now = 0.0
        for pause in [0.25, 0.5, 1, 2, 4, 8, 16, 32, 60, 60] {
            let isNew = holds.note("A", NotBegun(.handler, "no"), running: 3, now: moment(now))
            #expect(isNew == (now == 0))
            #expect(holds.claimable(of: ["A", "B"]) == ["B"])
            #expect(holds.nextEnd == moment(now + pause))
            let answer1 = holds.pass(now: moment(now + pause - 0.01), most: 8)
            #expect(!answer1)
            now += pause
            let answer2 = holds.pass(now: moment(now), most: 8)
            #expect(answer2)
            #expect(holds.claimable(of: ["A", "B"]) == ["A", "B"])
        }
        holds.noteBegun("A")
        #expect(holds.isEmpty)
        _ = holds.note("A", NotBegun(.handler, "no"), running: 0, now: moment(now))
        #expect(holds.nextEnd == moment(now + 0.25))
    }

    @Test("several that did not begin at once count once")
    func atOnce() {
        var holds = Holds()
        for _ in 0..<10 { _ = holds.note("A", NotBegun(.passing, "no"), running: 0, now: start) }
        #expect(holds.nextEnd == moment(0.25))
    }

    @Test("a run waits for short pauses of what passes by itself, and for nothing that a person has to mend")
    func worthWaiting() {
        var holds = Holds()
        _ = holds.note("MISSING", NotBegun(.handler, "no"), running: 0, now: start)
        #expect(holds.nextWorthWaiting == nil)
        var now = 0.0
        for pause in [0.25, 0.5, 1, 2] {
            _ = holds.note("LOCKED", NotBegun(.passing, "no"), running: 0, now: moment(now))
            #expect(holds.nextWorthWaiting == moment(now + pause))
            now += pause
            _ = holds.pass(now: moment(now), most: 8)
        }
        _ = holds.note("LOCKED", NotBegun(.passing, "no"), running: 0, now: moment(now))
        #expect(holds.nextWorthWaiting == nil)
    }

    @Test("a shortage leaves as many slots as handlers are at work, then twice as many each second")
    func slots() {
        var holds = Holds()
        let answer3 = holds.note("A", NotBegun(.scarcity, "no"), running: 3, now: start)
        #expect(answer3)
        #expect(holds.slots == 3)
        #expect(holds.claimable(of: ["A"]) == ["A"])
        let answer4 = holds.note("B", NotBegun(.scarcity, "no"), running: 5, now: start)
        #expect(!answer4, "said once a run")
        #expect(holds.slots == 3)
        let answer5 = holds.pass(now: moment(1.9), most: 10)
        #expect(!answer5)
        let answer6 = holds.pass(now: moment(2), most: 10)
        #expect(answer6)
        #expect(holds.slots == 6)
        let answer7 = holds.pass(now: moment(3), most: 10)
        #expect(answer7)
        #expect(holds.slots == nil && holds.isEmpty)
    }

    @Test("with nothing at work a shortage holds the name back too")
    func nothingAtWork() {
        var holds = Holds()
        _ = holds.note("A", NotBegun(.scarcity, "no"), running: 0, now: start)
        #expect(holds.slots == 1)
        #expect(holds.claimable(of: ["A", "B"]) == ["B"])
        #expect(holds.nextWorthWaiting == moment(0.25))
    }
}
