/// How a claim is to end: the answer to "the handler ended like this, what now?".
///
/// Verdicts speak in durations; the store turns them into moments on the clock that decides.
public enum Verdict: Sendable, Equatable {
    /// The handler succeeded: the row is deleted.
    case delete
    /// Back to WAITING; the attempt counts. `after` is clamped to 0 s ... 366 days.
    case retry(after: Duration, error: String)
    /// FAILED, for a person to look at.
    case fail(error: String)
    /// Back to WAITING, the attempt given back. `error` nil leaves `last_error` as it is.
    ///
    /// `isAsked`: by its handler or a hook. That is counted in a row, and from the third time on `after` is at least 1 s.
    case release(after: Duration = .zero, error: String? = nil, isAsked: Bool = false)
    /// Taken back, as somebody asked: the row is deleted.
    case cancel
}

/// One claim and how it is to end.
public struct Settlement: Sendable {
    /// The proof of the claim.
    public let proof: ClaimProof
    /// How it is to end.
    public let verdict: Verdict
    private let rest: Rest?

    /// What most settlements have nothing of, in one object: a settlement is passed on many times.
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
        followUps: [NewTask] = []
    ) {
        self.proof = proof
        self.verdict = verdict
        let isPlain = lockKey == nil && record == nil && batch == nil && followUps.isEmpty
        rest =
            isPlain
            ? nil
            : Rest(lockKey: lockKey, letsPass: letsPass, record: record, batch: batch, followUps: followUps)
    }

    /// The task's lock key; nil: it has none.
    public var lockKey: String? { rest?.lockKey }
    /// Whether the task, going back to WAITING, lets others of its lock key pass.
    public var letsPass: Bool { rest?.letsPass ?? false }
    /// What is left in `task_results` if the task ends with it; nil for a task without a token.
    public var record: ResultRecord? { rest?.record }
    /// The batch that the task belongs to; nil: none.
    public var batch: String? { rest?.batch }
    /// Tasks that are added in the same transaction if the row is deleted by this settlement with the verdict `delete`.
    public var followUps: [NewTask] { rest?.followUps ?? [] }
}

extension Settlement {
    /// Whether something is to be done when the row is settled; for most there is nothing.
    package var hasSequel: Bool { rest != nil && (!additions.isEmpty || batch != nil) }

    /// What is added if the row is deleted.
    package var additions: [NewTask] { verdict == .delete ? followUps : [] }

    /// Whether the row keeps its lock key: it goes back to WAITING and lets nobody pass.
    public var keepsKey: Bool {
        switch verdict {
        case .delete, .cancel, .fail: false
        case .retry, .release: !letsPass
        }
    }
}

/// What became of one settlement.
///
/// A lost lease is a result, not an error.
public enum SettleResult: Sendable, Equatable {
    /// The row is as the verdict says.
    case settled
    /// The row was to go back to WAITING and gave way to an equal one that waits: it is gone.
    case gaveWay
    /// The row was to go back to WAITING and is gone, as somebody had asked to cancel it.
    case cancelled
    /// The claim was taken over, or the row is gone: nothing was changed.
    case leaseLost
    /// The row still carries the claim, and the database has changed nothing: a trigger, a rule or a policy of the table skips
    /// the statement.
    case untouched
}

extension Verdict {
    /// Decides how a claim ends, from how the handler ended, the attempt, and the policy of its task name.
    ///
    /// - Parameters:
    ///   - outcome: How the handler ended. ``HandlerOutcome/settled(_:)`` has nothing left to decide: nil is returned.
    ///   - task: The attempt and the row's own limit of attempts, which goes before the policy's.
    ///   - policy: Limit of attempts and backoff.
    ///   - spread: A random number 0 ..< 1, spent on the backoff's spread; made where there is a backoff.
    /// - Returns: The verdict; nil where the handler settled the claim itself.
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
