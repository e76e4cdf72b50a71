import Foundation
import Testing

@testable import TaskRun

@Suite("Why a task is not running")
struct ReasonTests {
    static let now = Date(timeIntervalSince1970: 1_900_000_000)
    static let (past, soon, late) = (now - 60, now + 60, now + 3600)
    static let pause = PausedQueue(queue: "q", until: nil, since: past, why: nil, by: nil)

    /// A waiting task, due for a minute.
    static func due(_ change: (inout TaskFacts) -> Void = { _ in }) -> TaskFacts {
        var task = TaskFacts(id: 1, name: "A", queue: "q", runAt: past, isDue: true)
        change(&task)
        return task
    }

    /// A waiting task that is due in an hour.
    static func later(_ change: (inout TaskFacts) -> Void = { _ in }) -> TaskFacts {
        due { task in
            (task.runAt, task.isDue) = (late, false)
            change(&task)
        }
    }

    static func use(running: Int? = nil, perMinute: Int? = nil, uses: Int) -> TaskFacts.LimitUse {
        TaskFacts.LimitUse(
            TaskLimit(.queue("q"), running: running, perMinute: perMinute),
            running: uses,
            begun: uses,
            minuteEnd: soon
        )
    }

    static func held(_ id: Int64, queue: String = "q", owner: String = "here") -> HeldTask {
        HeldTask(id: id, name: "A", queue: queue, owner: owner, leaseEnd: soon)
    }

    static let host = HostView(
        names: ["A", "MAIL"],
        slots: 2,
        mostAttempts: { _ in 20 },
        life: { $0 == "here" ? .alive : $0 == "gone" ? .dead : .unknown }
    )

    static func codes(_ task: TaskFacts, held: [HeldTask] = [], host: HostView = host) -> [String] {
        ReasonDecision(WaitFacts(now: now, tasks: [task], held: held, counted: 100), on: host).reasons(of: task)
            .map(\.code)
    }

    static func first(_ task: TaskFacts, held: [HeldTask] = []) -> Reason? {
        ReasonDecision(WaitFacts(now: now, tasks: [task], held: held, counted: 100), on: host).reasons(of: task).first
    }

    /// What is known of a task, and the reasons that follow, in order.
    static let table: [(String, TaskFacts, [String])] = [
        ("nothing is in its way", due(), ["unclaimed"]),
        ("it is not due", later(), ["not_due"]),
        ("it is not due, and never was claimed", later { $0.lastError = "x" }, ["not_due"]),
        ("its attempt failed", later { ($0.attempts, $0.lastError) = (2, "x") }, ["backoff"]),
        ("its handler asked for later", later { ($0.postponed, $0.lastError) = (1, "x") }, ["postponed"]),
        ("it failed, and is due again", due { ($0.attempts, $0.lastError) = (2, "x") }, ["unclaimed"]),
        ("no handler here", due { $0.name = "MIAL" }, ["no_handler"]),
        ("no handler here, and not due", later { $0.name = "MIAL" }, ["no_handler", "not_due"]),
        ("its queue is paused", due { $0.pause = pause }, ["queue_paused"]),
        ("paused for longer than it waits", later { $0.pause = pause }, ["queue_paused", "not_due"]),
        (
            "paused, but not when it is due",
            later { $0.pause = PausedQueue(queue: "q", until: soon, since: past, why: nil, by: nil) }, ["not_due"]
        ),
        ("a limit has room", due { $0.limits = [use(running: 2, perMinute: 2, uses: 1)] }, ["unclaimed"]),
        ("a limit is reached", due { $0.limits = [use(running: 1, uses: 1)] }, ["limit_running"]),
        ("a limit of nothing", due { $0.limits = [use(running: 0, uses: 0)] }, ["limit_running"]),
        ("a limit per minute is reached", due { $0.limits = [use(perMinute: 3, uses: 3)] }, ["limit_per_minute"]),
        ("a limit is reached, but it is not due", later { $0.limits = [use(running: 1, uses: 1)] }, ["not_due"]),
        (
            "another task has its key",
            due { ($0.lockKey, $0.other) = ("k", .init(id: 2, name: "A", status: .processing, holdsKey: true)) },
            ["lock_key"]
        ),
        ("it is the first of its key", due { $0.lockKey = "k" }, ["unclaimed"]),
        (
            "another task has its key, but it is not due",
            later { ($0.lockKey, $0.other) = ("k", .init(id: 2, name: "A", status: .processing)) }, ["not_due"]
        ),
        (
            "its batch has open tasks",
            due { ($0.afterBatch, $0.other, $0.otherCount) = ("b", .init(id: 2, name: "A", status: .waiting), 1) },
            ["batch"]
        ),
        ("its batch is empty", due { $0.afterBatch = "b" }, ["batch"]),
        ("a batch and a time", later { $0.afterBatch = "b" }, ["batch", "not_due"]),
        ("it has expired", due { ($0.isExpired, $0.name) = (true, "MIAL") }, ["expired"]),
        ("it is to be cancelled", due { ($0.cancelRequestedAt, $0.pause) = (past, pause) }, ["cancelled"]),
        ("its runs died twice", due { $0.crashes = 2 }, ["unclaimed"]),
        ("its runs died three times", due { $0.crashes = 3 }, ["crashed"]),
        ("a run holds it", due { ($0.status, $0.owner, $0.pause) = (.processing, "here", pause) }, ["held"]),
        (
            "its end is refused",
            due { ($0.status, $0.stuck) = (.processing, .init(error: "x", since: past)) }, ["stuck"]
        ),
        ("it has failed", due { ($0.status, $0.name, $0.pause) = (.failed, "MIAL", pause) }, ["failed"]),
        (
            "everything at once",
            due {
                ($0.name, $0.pause, $0.crashes) = ("X", pause, 3)
                $0.limits = [use(running: 1, perMinute: 1, uses: 1)]
                ($0.lockKey, $0.other) = ("k", .init(id: 2, name: "A", status: .processing))
            }, ["no_handler", "queue_paused", "limit_running", "limit_per_minute", "lock_key"]
        ),
    ]

    @Test("follows from the facts, the most important reason first", arguments: table)
    func reasons(_ what: String, _ task: TaskFacts, _ codes: [String]) {
        #expect(Self.codes(task) == codes, "\(what)")
    }

    @Test("is this host's slots only if live runs of this host fill them, and nothing else is in the way")
    func slots() {
        let here = [Self.held(2), Self.held(3)]
        #expect(Self.first(Self.due(), held: here) == .noSlot(slots: 2, by: here))
        #expect(Self.codes(Self.due(), held: [Self.held(2)]) == ["unclaimed"])
        #expect(Self.codes(Self.due(), held: [Self.held(2, owner: "gone"), Self.held(3)]) == ["unclaimed"])
        #expect(Self.codes(Self.due(), held: [Self.held(2, owner: "else"), Self.held(3)]) == ["unclaimed"])
        #expect(Self.codes(Self.due { $0.pause = Self.pause }, held: here) == ["queue_paused"])
        #expect(Self.codes(Self.later(), held: here) == ["not_due"])
    }

    @Test("names what is used, missed and left")
    func parts() {
        let missing = Self.due { $0.name = "MIAL" }
        #expect(Self.first(missing) == .noHandler(name: "MIAL", nearest: "MAIL"))
        let limited = Self.due { $0.limits = [Self.use(running: 5, uses: 5)] }
        let running = (2...6).map { Self.held($0) }
        let users = [Self.held(9, queue: "other")] + running
        #expect(
            Self.first(limited, held: users)
                == .limitRunning(Self.use(running: 5, uses: 5), by: Array(running.prefix(3)))
        )
        let first = TaskFacts.Other(id: 2, name: "A", status: .processing, owner: "gone", holdsKey: true)
        let keyed = Self.due { ($0.lockKey, $0.other, $0.otherCount) = ("k", first, 4) }
        #expect(Self.first(keyed) == .lockKey("k", first: first, life: .dead, between: 4))
        let waiting = TaskFacts.Other(id: 2, name: "A", status: .waiting)
        let behind = Self.due { ($0.lockKey, $0.other, $0.otherCount) = ("k", waiting, 4) }
        #expect(Self.first(behind) == .lockKey("k", first: waiting, life: .unknown, between: 3))
        let batch = Self.due { ($0.afterBatch, $0.other, $0.otherCount) = ("b", waiting, 100) }
        #expect(Self.first(batch) == .batch("b", left: 100, isMore: true, oldest: waiting, life: .unknown))
        let failed = Self.later { ($0.attempts, $0.lastError, $0.maxAttempts) = (2, "x", 3) }
        #expect(Self.first(failed) == .backoff(until: Self.late, attempt: 2, most: 3, error: "x"))
        let again = Self.later { ($0.attempts, $0.lastError) = (2, "x") }
        #expect(Self.first(again) == .backoff(until: Self.late, attempt: 2, most: 20, error: "x"))
    }

    @Test("is never a missing handler or slot where those of this host are not known")
    func unknown() {
        let host = HostView()
        let held = (2...9).map { Self.held($0) }
        #expect(Self.codes(Self.due { $0.name = "X" }, held: held, host: host) == ["unclaimed"])
    }
}
