public import Platform
import Synchronization
public import TaskRun

extension PostgreSQLStore {
    /// What is limited: see ``TaskRun/TaskStore``.
    public func limits() async throws(StoreError) -> [TaskLimit] {
        try await reach(to: "read the limits") { session throws(PostgreSQLFailure) in
            try session.rows(of: Request(LimitSQL.all)).map { row in
                let name = row.text("name")
                return TaskLimit(
                    row.text("kind") == "queue" ? .queue(name) : .name(name),
                    running: row.integerIfAny("max_running").map { Int($0) },
                    perMinute: row.integerIfAny("max_per_minute").map { Int($0) }
                )
            }
        }
    }

    /// Claims not more than these limits let: see ``TaskRun/TaskStore``.
    ///
    /// The rows of the limits are locked first, so runs that claim within the same limit do so one after the other.
    ///
    /// - Returns: What was claimed.
    /// - Throws: What the database reports; then nothing was changed, unless the answer was lost on the way.
    public func claim(
        _ request: ClaimRequest,
        within limits: [TaskLimit.Subject],
        now: Date?
    ) async throws(StoreError) -> Exchange {
        guard !isStandbyMissed else { throw missedStandbyError }
        let subjects = [SQLText.array(limits.map(\.kind)), SQLText.array(limits.map(\.name))]
        let (passed, fitting) = avoided.withLock { (Array($0.ids), $0.takeFitting()) }
        let request = request.atMost(fitting)
        return try await reach(to: "claim tasks") { session throws(PostgreSQLFailure) in
            do throws(PostgreSQLFailure) {
                let exchange = try claimingAgain(in: session) { () throws(PostgreSQLFailure) in
                    try claim(request, within: subjects, now: now, avoiding: passed, in: session)
                }
                avoided.withLock { $0.noteClaim() }
                return fitting == nil ? exchange : exchange.followed(by: .unfinished)
            } catch {
                let claim = Claim(request, now: now, lookLimit: lockBudget, avoiding: passed)
                guard error.mayBeOfOneRow, let claim else { throw error }
                try session.exchange([.rollback])
                if let exchange = try passOver(claim, in: session) { return exchange }
                guard error.isRefusal, avoided.withLock({ $0.forgives() }) else { throw error }
                return .unfinished
            }
        }
    }

    private func claim(
        _ request: ClaimRequest,
        within subjects: [String?],
        now: Date?,
        avoiding avoided: [Int64],
        in session: PostgreSQLSession
    ) throws(PostgreSQLFailure) -> Exchange {
        let moment = SQLText.moment(now)
        let opening = [
            Request.begin, Request(LimitSQL.lock, subjects), Request(LimitSQL.quota, subjects + [moment]),
        ]
        let quota = try session.exchange(opening)[LimitSQL.quota].first?.integerIfAny("quota").map { Int($0) }
        let found = Claim(
            request.atMost(quota),
            now: now,
            lookLimit: lockBudget,
            avoiding: avoided,
            checking: hasTriggers.withLock { $0 }
        )
        guard let claim = found else {
            // Whatever the limits let begin, what was not begun in time ends.
            let all = Claim(request, now: now, lookLimit: lockBudget, avoiding: avoided)
            let (expired, hasMore) = try all?.expire(in: session) ?? ([], false)
            try session.exchange([.commit])
            return Exchange(results: [], claimed: [], isPartial: hasMore, expired: expired)
        }
        var known = LaneMemory.Known()
        if claim.takesFromLanes {
            // Lanes are not remembered here, but how far a look came that did not see all.
            let all = lanes.withLock { $0.known(for: claim.key) }
            (known.walk, known.keyedWalk) = (all.walk, all.keyedWalk)
        }
        let questions = claim.questions(knowing: known)
        let taken = try claim.take(
            in: session,
            answers: try session.exchange(questions),
            knowing: known,
            expiryComesFirst: expiryComesFirst
        )
        let isSomewhere =
            claim.takesFromLanes && lanes.withLock { [known] in $0.walk(taken, knowing: known, for: claim.key) }
        let newer = try newerVersion(after: taken, in: session)
        let counted = Request(LimitSQL.count, subjects + [moment, String(taken.tasks.count)])
        try session.exchange((taken.tasks.isEmpty ? [] : [counted]) + [.commit])
        let isTime = self.avoided.withLock { $0.isTimeToLook(isVain: taken.isVain) }
        if isTime, let exchange = try passOver(claim, in: session) { return exchange.with(expired: taken.expired) }
        return Exchange(
            results: [],
            claimed: taken.tasks,
            isPartial: (taken.hasMore || isSomewhere) && !taken.isFull,
            expired: taken.expired,
            isPassedOver: taken.isPassedOver || taken.isVain && !isTime && !taken.hasKeyed,
            newerVersion: newer
        )
    }

    /// Sets or removes a limit: see ``TaskRun/TaskDesk``.
    ///
    /// - Throws: What the database reports.
    public func setLimit(_ limit: TaskLimit) async throws(StoreError) {
        let subject = [limit.subject.kind, limit.subject.name]
        let numbers = [limit.running.map(String.init), limit.perMinute.map(String.init)]
        let request =
            numbers == [nil, nil] ? Request(LimitSQL.remove, subject) : Request(LimitSQL.set, subject + numbers)
        try await reach(to: "limit \(limit.subject.kind) \"\(limit.subject.name)\"") {
            session throws(PostgreSQLFailure) in
            _ = try session.exchange([.begin, SessionSettings.tolerance, request, .commit])
        }
    }
}
