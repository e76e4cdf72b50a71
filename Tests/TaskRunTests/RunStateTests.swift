import Testing

@testable import TaskRun

@Suite("What a run does next")
struct RunStateTests {
    private static let start = ContinuousClock.now
    private static func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private static let none = Exchange(results: [], claimed: [])
    private static let partial = Exchange(results: [], claimed: [], isPartial: true)
    private static let locked = Exchange(results: [], claimed: [], isPassedOver: true)
    private static let some = Exchange(
        results: [],
        claimed: [
            ClaimedTask(
                proof: ClaimProof(id: 1, number: 1),
                name: "A",
                queue: "default",
                data: Array("{}".utf8),
                attempt: 1,
                maxAttempts: nil,
                timeout: nil,
                crashes: 0
            )
        ]
    )
    private static let usual = ClaimRequest.Share.usual(limit: 2, crashed: 0)
    private static let trouble = StoreError(.unreachable, subject: "cannot claim", cause: "no answer")
    private static let lock = StoreError(.locked, subject: "cannot claim", cause: "locked")

    private func state(window: Duration? = .seconds(50), limit: Int? = nil, stays: Bool = false) -> RunState {
        RunState(at: Self.start, window: window, limit: limit, stays: stays)
    }

    /// An event, and what the run is to do after it.
    enum Event {
        case claimed(Exchange, ClaimRequest.Share = RunStateTests.usual, isIdle: Bool = true, at: Double = 1)
        case timePassed(Double, isIdle: Bool = true)
        case stop, finish, fail, becameDue, waitForStore, reportedDue
    }

    struct Row: CustomTestStringConvertible {
        let testDescription: String
        var stays = false
        let events: [Event]
        let phase: String
        /// Whether to claim two seconds later.
        let claims: Bool
    }

    static let table = [
        Row(testDescription: "at first due tasks are claimed", events: [], phase: "claiming", claims: true),
        Row(
            testDescription: "and so on, as long as some come",
            events: [.claimed(some)],
            phase: "claiming",
            claims: true
        ),
        Row(
            testDescription: "where nothing is due, one that must be alone is asked for",
            events: [.claimed(none)],
            phase: "claimingAlone",
            claims: true
        ),
        Row(
            testDescription: "where handlers are at work meanwhile, it looks again in a second",
            events: [.claimed(none, isIdle: false)],
            phase: "claiming",
            claims: true
        ),
        Row(
            testDescription: "a run that stays leaves it to the store when to look again",
            stays: true,
            events: [.claimed(none, isIdle: false)],
            phase: "waiting",
            claims: false
        ),
        Row(
            testDescription: "where that one is not there either, the run ends",
            events: [.claimed(none), .claimed(none, .alone)],
            phase: "finishing",
            claims: false
        ),
        Row(
            testDescription: "or waits, if it stays",
            stays: true,
            events: [.claimed(none), .claimed(none, .alone)],
            phase: "waiting",
            claims: false
        ),
        Row(
            testDescription: "until the store reports due tasks",
            stays: true,
            events: [.claimed(none), .claimed(none, .alone), .reportedDue],
            phase: "claiming",
            claims: true
        ),
        Row(
            testDescription: "after one that must be alone the others have their turn",
            events: [.claimed(none), .claimed(some, .alone)],
            phase: "claiming",
            claims: true
        ),
        Row(
            testDescription: "a look that is not complete is made again",
            events: [.claimed(partial)],
            phase: "claiming",
            claims: true
        ),
        Row(
            testDescription: "behind the window only what must be alone is claimed",
            events: [.timePassed(60)],
            phase: "claimingAlone",
            claims: true
        ),
        Row(
            testDescription: "and not while tasks are at work",
            events: [.timePassed(60, isIdle: false)],
            phase: "claiming",
            claims: true
        ),
        Row(
            testDescription: "a run that waits goes on at the end of its window",
            stays: true,
            events: [.claimed(none, isIdle: false), .timePassed(60)],
            phase: "claimingAlone",
            claims: true
        ),
        Row(
            testDescription: "behind the window one look for what must be alone is the last",
            events: [.timePassed(60), .claimed(some, .alone, at: 61)],
            phase: "finishing",
            claims: false
        ),
        Row(testDescription: "a stop ends claims", events: [.stop], phase: "stopping", claims: false),
        Row(
            testDescription: "also where tasks become due",
            events: [.stop, .becameDue, .reportedDue, .claimed(some)],
            phase: "stopping",
            claims: false
        ),
        Row(
            testDescription: "a run that found nothing goes on where tasks become due",
            events: [.finish, .becameDue],
            phase: "claiming",
            claims: true
        ),
        Row(
            testDescription: "what makes the database unusable ends all",
            events: [.fail, .becameDue, .stop, .finish, .claimed(some)],
            phase: "failed",
            claims: false
        ),
        Row(
            testDescription: "a failure comes before a stop",
            events: [.stop, .fail],
            phase: "failed",
            claims: false
        ),
        Row(
            testDescription: "without a store to wait for the run ends",
            events: [.waitForStore],
            phase: "finishing",
            claims: false
        ),
        Row(
            testDescription: "a stop is not undone by waiting",
            stays: true,
            events: [.stop, .waitForStore],
            phase: "stopping",
            claims: false
        ),
    ]

    @Test("each event leads to the phase that follows", arguments: table)
    func phases(_ row: Row) {
        var state = state(stays: row.stays)
        for event in row.events { apply(event, to: &state) }
        let name = "\(state.phase)".prefix { $0.isLetter }
        #expect(name == row.phase)
        #expect(state.mayClaim(Self.at(3), hasEnds: false) == row.claims)
    }

    private func apply(_ event: Event, to state: inout RunState) {
        switch event {
        case .claimed(let exchange, let share, let isIdle, let seconds):
            let moment = Self.at(seconds)
            _ = state.claimed(exchange, share, isIdle: isIdle, sent: moment, now: moment, nextName: nil)
        case .timePassed(let seconds, let isIdle): state.timePassed(Self.at(seconds), isIdle: isIdle)
        case .stop: _ = state.stopRequested(Self.at(1))
        case .finish: state.finish()
        case .fail: state.failed(Self.trouble)
        case .becameDue: state.becameDue(Self.at(1))
        case .waitForStore: state.waitForStore(Self.at(1))
        case .reportedDue: state.reportedDue(after: .seconds(1), Self.at(1))
        }
    }

    @Test("a claim goes along with ends, also while the store is waited for, and not behind the window")
    func alongEnds() {
        var state = state(stays: true)
        apply(.claimed(Self.none, isIdle: false), to: &state)
        #expect(state.mayClaim(Self.at(1), hasEnds: true))
        #expect(!state.mayClaim(Self.at(1), hasEnds: false))
        #expect(!state.mayClaim(Self.at(60), hasEnds: true))
    }

    @Test("rows that others have locked are looked at again later and later, and told once after 5 s")
    func locked() {
        var state = state(window: .seconds(600))
        var (moment, looks, told) = (1.0, 0, 0)
        while moment < 20, looks < 1000 {
            let now = Self.at(moment)
            let findings = state.claimed(Self.locked, Self.usual, isIdle: true, sent: now, now: now, nextName: nil)
            told += findings.count
            looks += 1
            guard case .claiming = state.phase else { break }
            let pause = now.duration(to: state.nextClaim)
            #expect(pause > .zero && pause <= .milliseconds(250))
            moment += pause / .seconds(1)
        }
        #expect(told == 1)
        #expect(looks < 40)
        #expect(moment >= 6 && moment < 6.5)
        // The run stays for them within its window, and looks once a second.
        let now = Self.at(moment)
        let findings = state.claimed(Self.locked, .alone, isIdle: true, sent: now, now: now, nextName: nil)
        #expect(findings.count == 1)
        #expect(now.duration(to: state.nextClaim) == .seconds(1))
    }

    @Test("trouble pauses the database, and an answer ends it")
    func trouble() {
        var state = state()
        state.troubled(Self.lock, at: Self.at(1), pause: .seconds(1))
        #expect(state.isPaused(Self.at(1.9)) && !state.isPaused(Self.at(2)))
        state.troubled(Self.trouble, at: Self.at(3), pause: .seconds(1))
        #expect(state.trouble?.hasLostAnswer == true)
        #expect(state.lockedFor(Self.at(4)) == .seconds(3))
        state.hurry(Self.at(3.1))
        #expect(!state.isPaused(Self.at(3.1)))
        state.answered()
        #expect(state.trouble == nil && state.lockedFor(Self.at(4)) == .zero)
    }

    @Test("ends that cannot be written are given up after the grace, at once on a second request, and after a failure")
    func late() {
        var state = state()
        let grace = Duration.seconds(30)
        #expect(!state.isTooLate(Self.at(100), grace: grace, isUrgent: false))
        let isFirst = [state.stopRequested(Self.at(10)), state.stopRequested(Self.at(11))]
        #expect(isFirst == [true, false])
        #expect(!state.isTooLate(Self.at(39), grace: grace, isUrgent: false))
        #expect(state.isTooLate(Self.at(40), grace: grace, isUrgent: false))
        #expect(state.isTooLate(Self.at(11), grace: grace, isUrgent: true))
        state.failed(Self.lock)
        #expect(state.isTooLate(Self.at(11), grace: grace, isUrgent: false))
    }

    @Test("the limit counts what was claimed, and the window of a slow first look begins behind it")
    func bounds() {
        var state = state(limit: 3)
        state.count(\.claimed, 2)
        #expect(state.left == 1)
        state.firstLookEnded(Self.at(70))
        #expect(!state.isOver(Self.at(100)) && state.isOver(Self.at(120)))
        #expect(state.report(at: Self.at(2)).duration == .seconds(2))
    }
}
