public import Platform

/// The door between a run and the table `tasks`: what a run needs, and no more.
///
/// The comments are the contract; each sentence has a test in the conformance suite, which runs on every store. A store
/// is entered three times a batch: recover, settle and claim (one transaction), renew. It is used by one run at a time,
/// one call after the other; only ``perform(_:settling:timeLimit:)`` runs beside the others.
///
/// `now` nil means the clock that decides: the database's on PostgreSQL, the machine's on SQLite. Tests pass a moment.
/// Every function throws ``StoreError``; one with `isPassing` may be called again with the same arguments.
public protocol TaskStore: Sendable {
    /// Which database this is, for people: `sqlite:/var/lib/app.db`. Never a password.
    var location: String { get }

    /// Checks that the tables are those this program knows.
    ///
    /// - Throws: ``StoreError/Code/schema`` for missing, older, newer, edited or foreign tables; nothing is touched.
    func requireSchema() async throws(StoreError)

    /// Looks whether a run of these names and queues would find anything, in one read: most runs of a quiet table find
    /// nothing, and end after it. Nothing is changed, and nothing stays locked.
    ///
    /// - Parameters:
    ///   - names: The task names that can be performed.
    ///   - queues: The queues to look at; nil: all.
    /// - Returns: What was seen.
    /// - Throws: ``StoreError``.
    func look(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look

    /// Takes over what dead runs left behind.
    ///
    /// A PROCESSING row is taken over when its lease has ended, when the request says that its owner is dead, or when
    /// it has no lease end and `created_at` is a lease length ago. It becomes WAITING, due as before; the attempt stays
    /// counted; `crashes` rises by one; `last_error` says who died, when it was seen and why it is thought so. A row
    /// that reaches the request's limit of crashes becomes FAILED instead, and leaves a result if it has a token. A row that was to
    /// be cancelled is deleted instead, as by the verdict `cancel`. A row that would become WAITING and has a newer equal is
    /// removed and told as ``RecoveredTask/gaveWay``; an older equal that waits is removed. A batch whose last open row becomes FAILED or goes ends with it. A row in a living run's hand is not touched.
    /// At most 1,000 rows a call, so that no lock is held for long: call again while 1,000 come back.
    func recover(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask]

    /// Puts lock keys right whose waiting rows nothing leads on, because rows were changed by hand.
    ///
    /// Of a key with rows behind, but without a holder and without a due row that is to be looked at, the first one
    /// becomes one to be looked at. A FAILED row is no holder, and a row with crashes that does not hold its key gets it where
    /// nobody else does. It looks at a bounded number of rows; where more wait behind others, each call looks at some of them.
    ///
    /// - Returns: How many keys were put right.
    func mendLines(now: Date?) async throws(StoreError) -> Int

    /// Makes tasks due that wait for batches which ended unnoticed: by rows that expired or were changed by hand.
    /// Forgets what was counted of batches that nobody waits for any more.
    ///
    /// At most 1,000 batches a call, so that no lock is held for long: call again with ``EndedBatches/last`` while there is one.
    ///
    /// - Parameters:
    ///   - batch: Looks at the batches behind this one, in the order of their bytes; nil: from the first one.
    ///   - now: The moment from which they are due; nil: the database's own.
    /// - Returns: How many became due, which are refused, and whether some were locked.
    /// - Throws: What the database reports.
    func endBatches(after batch: String?, now: Date?) async throws(StoreError) -> EndedBatches

    /// Whether ``mendLines(now:)`` or ``endBatches(after:now:)`` would find something: for a run that stays.
    ///
    /// Nothing is changed, and no lock is taken that another program could meet.
    func isAnythingToMend() async throws(StoreError) -> Bool

    /// Ends claims and takes new ones, in one transaction: all of it happens, or nothing.
    ///
    /// A settlement changes its row only while the row is PROCESSING with the proof's claim number; otherwise nothing
    /// is changed and its result is ``SettleResult/leaseLost``. `delete` removes the row. `retry` makes it WAITING,
    /// due after the wait, with `last_error` set and `crashes` 0. `fail` makes it FAILED with `last_error` set.
    /// `release` makes it WAITING with the attempt given back and `crashes` as before. `last_error` is cut to 8 KB at
    /// a character's end. `cancel` removes the row; so do `retry` and `release` where the row was to be cancelled.
    ///
    /// Where the row still carries the claim and the statement changes nothing all the same, the result is ``SettleResult/untouched``.
    ///
    /// A settlement with a record leaves a line in `task_results` where the row has a token and the task ends with it:
    /// COMPLETE with the result, FAILED with the error, or CANCELLED. It takes the place of an earlier line with that
    /// token. Where the lease is lost there is none.
    ///
    /// The follow-ups of a settlement `delete` are added, all of them, where it deletes its row; where the table refuses one
    /// of them nothing of the call is done. One with a `dedupe_key` is left out where an equal one waits. Where a transaction that is
    /// open has just added one with the same `token` or `dedupe_key`, nothing of the call is done either, and it throws
    /// ``StoreError/Code/held`` soon.
    ///
    /// A row with `after_batch` is not claimed. With the last row of that batch that is WAITING or PROCESSING, it loses its `after_batch`,
    /// is due now if its `run_at` is not later, and if its payload is an object that gets a key `batch` with the
    /// batch's name and how many of its tasks were completed, are FAILED, and were cancelled, counted from when somebody waits for it.
    /// Where the table refuses that, the row goes on waiting and is told in ``Exchange/refusals``; the settlements hold.
    ///
    /// A claim takes WAITING rows whose `run_at` has come, of the request's names and of the queues its filter lets through, the
    /// smallest
    /// (`priority`, `run_at`, `id`) first, at most as many as asked for; two runs never get the same row. Each becomes
    /// PROCESSING with `attempts` and `claim_no` raised by one, the request's owner, and a lease that ends after the
    /// request's length. They are returned in due order. Rows that other runs hold locked are passed over.
    ///
    /// Of a queue that is paused (`task_queues`) nothing is claimed until its pause has ended or it is resumed; what is in
    /// hand is not touched.
    ///
    /// Of equal rows, of the same name and `dedupe_key`, that would both be WAITING the one with the higher `id` stays. A row that goes
    /// back and has a newer equal is removed, and its result is ``SettleResult/gaveWay``; an older one that waits is removed as it goes
    /// back. A row that is to be cancelled is removed too: ``SettleResult/cancelled``.
    ///
    /// Rows with one `lock_key`, of whatever names and queues, are never PROCESSING at the same time. They are claimed in
    /// the order of (`priority`, `run_at`, `id`) among those due. A row that was claimed holds its key until it is
    /// deleted, FAILED or gone, also while it waits for its next attempt, unless the settlement lets others pass; one
    /// whose run died holds it in any case. Whatever function of a store removes a row leads the line of its key on.
    ///
    /// A row that has never begun (`attempts` 0) and whose `expires_at` has come becomes FAILED before a claim, whatever
    /// its name and queue, at most ``ExpiredTask/most`` at once; ``Exchange/expired`` names it. No such row is claimed, be it more than
    /// that or locked when they were looked for. A claim is a beginning: what was claimed in time is performed.
    ///
    /// A row that the table does not let be claimed, or made FAILED as it has expired (a constraint, a trigger, a policy), is found by
    /// claims that are undone, all first and then halves; ``Exchange/passedOver`` names it once, and it is passed over as long as the store
    /// is open. One that is refused only beside others, as by a unique index, is passed over until ``tryRefusedAgain()``.
    ///
    /// A store may go for a second by what it has seen (for up to 5 s where looking takes it more than 100 ms): rows that came up
    /// since then, more urgent than all others or
    /// due before what was claimed last, may be passed over for so long, and a pause is heeded as much later. An exchange that brought fewer than asked for
    /// says with ``Exchange/isPartial`` whether that may be why; the next one looks everywhere.
    ///
    /// - Parameters:
    ///   - settlements: Claims to end, at most one a task.
    ///   - request: What to claim afterwards; nil: nothing.
    ///   - now: The moment to go by; nil: the deciding clock.
    /// - Returns: One result a settlement, in their order, and what was claimed.
    /// - Throws: ``StoreError``. A lost lease is a result, not an error.
    func settle(
        _ settlements: [Settlement],
        thenClaim request: ClaimRequest?,
        now: Date?
    ) async throws(StoreError) -> Exchange

    /// The queues that have something due of these names, each once, in any order; paused ones have not.
    ///
    /// - Parameters:
    ///   - names: The task names that can be performed.
    ///   - queues: The queues to look at; nil: all.
    /// - Returns: The queues.
    /// - Throws: ``StoreError``.
    func dueQueues(names: [String], queues: QueueFilter?) async throws(StoreError) -> [String]

    /// What is limited: the rows of `task_limits`, in any order.
    func limits() async throws(StoreError) -> [TaskLimit]

    /// Claims as ``settle(_:thenClaim:now:)`` does, and not more than these limits let at this moment, over all runs: no more are in
    /// hand at once than the least of them says, and no more are begun in a minute. A subject without a row is not limited.
    ///
    /// The request has tasks only that all of these limits are about.
    func claim(
        _ request: ClaimRequest,
        within limits: [TaskLimit.Subject],
        now: Date?
    ) async throws(StoreError) -> Exchange

    /// Which of these ends somebody's open transaction keeps from being written at this moment, and who that is: the row is
    /// locked, or its lock key. Waits for nothing.
    ///
    /// - Returns: Those that are held, with a word about who holds them.
    func held(among settlements: [Settlement]) async throws(StoreError) -> [ClaimProof: String]

    /// Lets rows be claimed again that the table refused only beside others: for when nothing else is due.
    ///
    /// - Returns: Why they were refused, in the database's words; nil: there are none.
    func tryRefusedAgain() -> String?

    /// Who has the table locked at this moment, in words; nil: nobody, or it cannot be told.
    ///
    /// Waits for no lock.
    func lockHolder() async -> String?

    /// Notes that the handler of a task has ended, and that the database does not let its row be written in any form.
    ///
    /// ``recover(_:)`` does not take such a row over. It tries to write the end again instead, and leaves the row as it is where that is
    /// still refused.
    ///
    /// - Parameters:
    ///   - proof: The claim.
    ///   - isDone: Whether the task is done, so that its row is to go; else it has failed.
    ///   - why: What the database said.
    /// - Throws: ``StoreError``.
    func noteStuck(_ proof: ClaimProof, isDone: Bool, why: String) async throws(StoreError)

    /// Prolongs leases: each ends a lease length from now.
    ///
    /// Only rows still PROCESSING with the proof's claim number are prolonged.
    ///
    /// - Returns: The proofs that are no longer valid.
    func renew(_ proofs: [ClaimProof], lease: Duration, now: Date?) async throws(StoreError) -> [ClaimProof]

    /// Releases the rows that this owner holds but does not know of: claimed by a transaction whose answer was lost.
    ///
    /// What a settlement `release` does is done, with lock keys, equal tasks and batches. While such a transaction may still be open, and
    /// while another transaction has one of the rows locked, it is not complete: call again. Settlements that may have been lost too come before it.
    func giveBack(owner: String, except known: [ClaimProof]) async throws(StoreError) -> GivenBack

    /// Writes down how far handlers are, where their claims still hold; a row that somebody has locked is passed over.
    ///
    /// - Returns: The claims whose rows were passed over: they are to be written later.
    func note(_ progress: [ClaimProof: ProgressNote]) async throws(StoreError) -> [ClaimProof]

    /// Which of these claims somebody has asked to cancel.
    func cancelRequests(among proofs: [ClaimProof]) async throws(StoreError) -> [ClaimProof]

    /// Removes results whose time is over, at most this many.
    ///
    /// - Returns: How many were removed.
    func prune(limit: Int, now: Date?) async throws(StoreError) -> Int

    /// Runs an SQL script and deletes the task's row in one transaction: both happen, or neither. What else the settlement
    /// brings is done in that transaction too: see ``settle(_:thenClaim:now:)``. Its verdict is `delete`.
    ///
    /// The row is deleted only while it is PROCESSING with the proof's claim number; otherwise the script leaves no
    /// trace. Names in the script (`:id`) are bound from the script's values, never pasted; a name without a value
    /// leaves no trace either. Runs on a connection of its own and ends, undone, when the calling Swift task is
    /// cancelled or the time limit has passed.
    func perform(
        _ script: Script,
        settling settlement: Settlement,
        timeLimit: Duration
    ) async throws(StoreError) -> ScriptOutcome

    /// Names of WAITING tasks, distinct, at most this many: to say which have no handler here.
    func waitingNames(limit: Int) async throws(StoreError) -> [String]

    /// Waits until a task of these names and queues is due: for a run that stays when nothing is.
    ///
    /// Returns true soon after such a row has become due, whoever made it so, and at once where one is due already: no
    /// change is missed, be it made before the call or while it waits. A row for the future is due when its `run_at`
    /// comes, and a row of a paused queue not before the pause ends. Returns false at `end`, and soon after the calling Swift task was cancelled. It may return true without
    /// cause, as when another run was faster. What is due may also be a row that no claim would give at this moment.
    ///
    /// While it waits no lock is held, and none is taken that another program could meet.
    ///
    /// - Parameters:
    ///   - names: The task names that can be performed.
    ///   - queues: The queues to look at; nil: all.
    ///   - end: When to return at the latest.
    /// - Returns: Whether something is due.
    /// - Throws: ``StoreError``; ``StoreError/Code/database`` for an SQLite file that was removed or replaced.
    func waitForTasks(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant
    ) async throws(StoreError) -> Bool

    /// One row; nil where there is none.
    func show(_ id: Int64) async throws(StoreError) -> TaskRow?

    /// Closes the connections. Calls after it throw ``StoreError/Code/other``.
    func close() async
}

extension TaskStore {
    /// A store that waits for nobody: nothing is held.
    public func held(among settlements: [Settlement]) async throws(StoreError) -> [ClaimProof: String] { [:] }

    /// A store that cannot tell.
    public func lockHolder() async -> String? { nil }

    /// A store that refuses no row for a while only.
    public func tryRefusedAgain() -> String? { nil }

    /// A store that cannot note it.
    public func noteStuck(_ proof: ClaimProof, isDone: Bool, why: String) async throws(StoreError) {
        throw StoreError(
            .other,
            subject: "cannot note the end of task \(proof.id) in \(location)",
            cause: "not supported"
        )
    }
    /// Nothing, for a store that leaves this to another one.
    public func isAnythingToMend() async throws(StoreError) -> Bool { false }

    /// Claims without settling anything; asks again where the store has not looked everywhere and nothing came.
    public func claim(_ request: ClaimRequest, now: Date? = nil) async throws(StoreError) -> [ClaimedTask] {
        let exchange = try await settle([], thenClaim: request, now: now)
        guard exchange.isPartial, exchange.claimed.isEmpty else { return exchange.claimed }
        return try await settle([], thenClaim: request, now: now).claimed
    }

    /// Makes rows FAILED that were not begun in time, and claims nothing.
    public func expire(_ retention: ResultRetention) async throws(StoreError) -> [ExpiredTask] {
        // No task has this name.
        let request = ClaimRequest(
            owner: "",
            names: [""],
            share: .usual(limit: 1, crashed: 0),
            retention: retention
        )
        return try await settle([], thenClaim: request, now: nil).expired
    }

    /// Runs an SQL script for a task without a token.
    public func perform(
        _ script: Script,
        settling proof: ClaimProof,
        timeLimit: Duration
    ) async throws(StoreError) -> ScriptOutcome {
        try await perform(script, settling: Settlement(proof, .delete), timeLimit: timeLimit)
    }

    /// Settles without claiming anything.
    public func settle(_ settlements: [Settlement], now: Date? = nil) async throws(StoreError) -> [SettleResult] {
        try await settle(settlements, thenClaim: nil, now: now).results
    }
}
