import Foundation
import Testing

@testable import TaskRun

@Suite("What is said of runs")
struct RunOverviewTests {
    static let now = Date(timeIntervalSince1970: 1_900_000_000)

    static func row(
        _ run: String,
        host: String = "web1",
        slots: Int = 2,
        seen: Double = 10,
        ended: Bool = false,
        status: Int? = nil,
        isIdle: Bool = false,
        names: [String] = ["A"]
    ) -> RunRow {
        let record = RunRecord(
            run: run,
            origin: run,
            host: host,
            pid: 1,
            user: "u",
            command: "taskrun once",
            version: "1",
            names: names,
            slots: slots
        )
        let moment = now.addingTimeInterval(-seen)
        return RunRow(
            id: 1,
            record: record,
            beganAt: moment,
            seenAt: moment,
            endedAt: ended || isIdle ? moment : nil,
            exitStatus: status,
            isIdle: isIdle
        )
    }

    static let standings: [(RunRow, RunLife, RunStanding)] = [
        (row("a"), .alive, .running), (row("a"), .unknown, .running), (row("a"), .dead, .lost),
        (row("a", seen: 299), .unknown, .running), (row("a", seen: 301), .unknown, .lost),
        // It lives, and its writes are refused.
        (row("a", seen: 9000), .alive, .running),
        // Another host's clock counts for nothing, but a row may be written by hand.
        (row("a", seen: -3600), .unknown, .running),
        (row("a", ended: true, status: 0), .dead, .ended), (row("a", ended: true, status: 78), .dead, .failed),
        (row("a", status: 0, isIdle: true), .dead, .idle), (row("a", status: 69, isIdle: true), .unknown, .failed),
    ]

    @Test("a run goes on, is lost, or has ended", arguments: standings)
    func standing(_ row: RunRow, _ life: RunLife, _ standing: RunStanding) {
        #expect(row.standing(at: Self.now, life: life) == standing)
    }

    static func overview(_ rows: [RunRow], held: [String?: Int] = [:], isDue: Bool = false) -> RunOverview {
        let holders = held.map { TableSummary.Holder(owner: $0.key, tasks: $0.value, firstLeaseEnd: nil) }
        return RunOverview(RunList(now: now, rows: rows), holders: holders, isAnythingDue: isDue) {
            $0 == "dead" ? .dead : .unknown
        }
    }

    @Test("a host works on as many tasks as it has slots, the rest is claimed")
    func slots() {
        let one = Self.overview([Self.row("a", slots: 4)], held: ["a": 3])
        #expect((one.slots, one.running, one.claimed) == (4, 3, 0))
        let two = Self.overview([Self.row("a", slots: 4), Self.row("b", slots: 4)], held: ["a": 3, "b": 9])
        #expect((two.slots, two.running, two.claimed, two.live.count) == (4, 4, 8, 2))
        let hosts = Self.overview([Self.row("a"), Self.row("b", host: "web2")], held: ["a": 9, "b": 1])
        #expect((hosts.slots, hosts.running, hosts.claimed) == (4, 3, 7))
        #expect(hosts.running(of: "a") == 2 && hosts.running(of: "b") == 1)
        // add --wait has no row; dead and lost runs work on nothing that is known.
        let others = Self.overview([Self.row("lost", seen: 900)], held: ["call": 1, "dead": 5, nil: 1])
        #expect((others.slots, others.running, others.claimed) == (0, 2, 5))
    }

    @Test("cron is doubted after 5 minutes with something due, else after an hour")
    func absence() {
        func absence(_ seen: Double, isDue: Bool) -> RunOverview.Absence? {
            Self.overview([Self.row("a", seen: seen, isIdle: true)], isDue: isDue).absence
        }
        #expect(absence(290, isDue: true) == nil && absence(3590, isDue: false) == nil)
        let late = Self.row("a", seen: 400, isIdle: true)
        #expect(absence(400, isDue: true) == .silent(.seconds(400), last: late) && absence(400, isDue: false) == nil)
        #expect(absence(3700, isDue: false) != nil)
        #expect(Self.overview([], isDue: true).absence == .never && Self.overview([], isDue: false).absence == nil)
        // A run that lives works on long tasks.
        #expect(Self.overview([Self.row("a", seen: 10)], isDue: true).absence == nil)
        // A row of a host whose clock was ahead, written by hand.
        #expect(absence(-3600, isDue: true) == nil)
    }

    private func reasons(_ task: TaskFacts, _ rows: [RunRow], held: [HeldTask] = []) -> [Reason] {
        let served = ServedNames(rows.map { ($0.record.host, $0.record.names) })
        let list = RunList(now: Self.now, rows: rows)
        let facts = WaitFacts(now: Self.now, tasks: [task], held: held, runs: list, served: served)
        let host = HostView(names: ["A"], slots: 2, life: { _ in .unknown })
        return ReasonDecision(facts, on: host).reasons(of: task)
    }

    @Test("runs are reasons: none comes, only others can, all are busy")
    func why() {
        let since = Self.now.addingTimeInterval(-60)
        func due(_ name: String) -> TaskFacts { TaskFacts(id: 1, name: name, queue: "q", runAt: since, isDue: true) }
        let idle = Self.row("a", seen: 20, isIdle: true)
        #expect(reasons(due("A"), [idle]) == [.unclaimed(since: since)])
        let old = Self.row("a", seen: 400, isIdle: true)
        #expect(reasons(due("A"), [old]).map(\.code) == ["no_run"])
        let other = Self.row("b", host: "web2", seen: 20, isIdle: true, names: ["B"])
        #expect(reasons(due("B"), [idle, other]) == [.elsewhere(name: "B", hosts: ["web2"], since: since)])
        #expect(reasons(due("C"), [idle, other]).map(\.code) == ["no_handler"])
        let live = [Self.row("b", host: "web2"), Self.row("c", host: "web3", slots: 1)]
        let held = [2, 3, 4].map { HeldTask(id: $0, name: "A", queue: "q", owner: $0 < 4 ? "b" : "c", leaseEnd: nil) }
        #expect(
            reasons(due("A"), live, held: held) == [.noSlotAnywhere(slots: 3, hosts: ["web2", "web3"], by: held)]
        )
        #expect(reasons(due("A"), live, held: Array(held.dropLast())) == [.unclaimed(since: since)])
    }
}
