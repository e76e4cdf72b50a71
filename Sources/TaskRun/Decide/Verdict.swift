/// How a claim is to end, decided from how the handler ended.
///
/// Verdicts contain durations; the store turns them into moments on the deciding clock.
public enum Verdict: Sendable, Equatable {
    /// The handler succeeded: the row is deleted.
    case delete
    /// WAITING again; the attempt counts.
    ///
    /// `after` is clamped to 0 s ... 366 days.
    case retry(after: Duration, error: String)
    /// FAILED, for a person to look at.
    case fail(error: String)
    /// WAITING again, with the attempt given back.
    ///
    /// If `error` is nil, `last_error` stays as it is.
    ///
    /// `isAsked`: its handler or a hook asked for this. Such releases are counted in a row, and from the third one on
    /// `after` is at least 1 s.
    case release(after: Duration = .zero, error: String? = nil, isAsked: Bool = false)
    /// Cancelled on request: the row is deleted.
    case cancel
}

/// One claim and how it is to end.
public struct Settlement: Sendable {
    /// The proof of the claim.
    public let proof: ClaimProof
    /// How it is to end.
    public let verdict: Verdict
    private let rest: Rest?
    /// What is known of the attempt, for the history, or nil if nothing is to be noted there.
    public let facts: AttemptFacts?

    /// The parts that most settlements lack, in one object: a settlement is passed on many times.
    private final class Rest: Sendable {
        let lockKey: String?
        let letsPass: Bool
        let record: ResultRecord?
        let batch: String?
        let followUps: [NewTask]

        init(lockKey: String?, letsPass: Bool, record: ResultRecord?, batch: String?, followUps: [NewTask]) {
            (self.lockKey, self.letsPass, self.record) = (lockKey, letsPass, record)
            (self.batch, self.followUps) = (batch, followUps)
        }
    }

    /// Creates a settlement from its parts.
    public init(
        _ proof: ClaimProof,
        _ verdict: Verdict,
        lockKey: String? = nil,
        letsPass: Bool = false,
        record: ResultRecord? = nil,
        batch: String? = nil,
        followUps: [NewTask] = [],
        facts: AttemptFacts? = nil
    ) {
        self.proof = proof
        self.verdict = verdict
        self.facts = facts
        let isPlain = lockKey == nil && record == nil && batch == nil && followUps.isEmpty
        rest =
            isPlain
            ? nil
            : Rest(lockKey: lockKey, letsPass: letsPass, record: record, batch: batch, followUps: followUps)
    }

    /// Releases a claim that its run does not know of.
    package init(releasing proof: ClaimProof, lockKey: String?, batch: String?) {
        self.init(proof, .release(), lockKey: lockKey, record: ResultRecord(), batch: batch)
    }

    /// The task's lock key, or nil if it has none.
    public var lockKey: String? { rest?.lockKey }
    /// Whether the task, when it becomes WAITING again, lets others of its lock key pass.
    public var letsPass: Bool { rest?.letsPass ?? false }
    /// What is left in `task_results` if the task ends with this, or nil for a task without a token.
    public var record: ResultRecord? { rest?.record }
    /// The batch that the task belongs to, or nil for none.
    public var batch: String? { rest?.batch }
    /// Tasks that are added in the same transaction if the row is deleted by this settlement with the verdict `delete`.
    public var followUps: [NewTask] { rest?.followUps ?? [] }
}

extension Settlement {
    /// Whether there is more to do when the row is settled; for most there is nothing.
    package var hasSequel: Bool { rest != nil && (!additions.isEmpty || batch != nil) }

    /// The follow-ups to add if the row is deleted.
    package var additions: [NewTask] { verdict == .delete ? followUps : [] }

    /// Whether the row keeps its lock key: it becomes WAITING again and does not let others pass.
    public var keepsKey: Bool {
        switch verdict {
        case .delete, .cancel, .fail: false
        case .retry, .release: !letsPass
        }
    }
}

/// The result of one settlement.
///
/// A lost lease is a result, not an error.
public enum SettleResult: Sendable, Equatable {
    /// The row is as the verdict says.
    case settled
    /// The row would have become WAITING again, but was removed because an equal task waits.
    case gaveWay
    /// The row would have become WAITING again, but was removed because of a request to cancel it.
    case cancelled
    /// The claim was taken over, or the row is gone; nothing was changed.
    case leaseLost
    /// The row still carries the claim, and the database has changed nothing.
    ///
    /// A trigger, a rule or a policy of the table skips the statement.
    case untouched
}

extension Verdict {
    /// Decides how a claim ends, from how the handler ended, the attempt, and the policy of its task name.
    ///
    /// - Parameters:
    ///   - outcome: How the handler ended. For ``HandlerOutcome/settled(_:)`` nothing is left to decide, and nil is
    ///     returned.
    ///   - task: The attempt and the row's own limit of attempts, which takes precedence over the policy's.
    ///   - policy: Limit of attempts and backoff.
    ///   - spread: A random number 0 ..< 1 for the backoff's spread; it is only made if there is a backoff.
    /// - Returns: The verdict, or nil if the handler settled the claim itself.
    public static func decide(
        outcome: HandlerOutcome,
        task: ClaimedTask,
        policy: RetryPolicy,
        spread: @autoclosure () -> Double
    ) -> Verdict? {
        switch outcome {
        case .succeeded, .skipped:
            return .delete
        case .settled:
            return nil
        case .cancelled:
            return .cancel
        case .stopped:
            return .release()
        case .later(let delay, let note):
            return .release(
                after: delay ?? policy.backoff(afterAttempt: task.attempt, spread: spread()),
                error: note.map(LastError.fit),
                isAsked: true
            )
        case .notBegun(let why):
            return .release(error: LastError.fit(why.reason))
        case .permanentlyFailed(let error):
            return .fail(error: LastError.fit(error))
        case .failed(let error, let delay):
            let limit = task.maxAttempts ?? policy.maxAttempts
            guard task.attempt < limit else {
                let end = "\n(attempt \(task.attempt) of \(limit), none left)"
                return .fail(error: LastError.fit(error, leaving: end.utf8.count) + end)
            }
            return .retry(
                after: delay ?? policy.backoff(afterAttempt: task.attempt, spread: spread()),
                error: LastError.fit(error)
            )
        }
    }
}
