public import Platform

/// What a run needs of the table `tasks`, and no more.
///
/// The comments of this protocol are the contract. Each sentence has a test in the conformance suite, which runs on
/// every store.
///
/// A run calls a store three times per batch: recover, settle and claim (one transaction), renew. One run at a time
/// uses a store, one call after the other; only ``perform(_:settling:timeLimit:)`` runs beside the others.
///
/// If `now` is nil, the deciding clock counts: the database's clock on PostgreSQL, the machine's on SQLite. Tests pass
/// a moment. Every function throws ``StoreError``. After an error with `isPassing`, the same call may be repeated with
/// the same arguments.
public protocol TaskStore: RunTable, HistoryTable, MeasureTable {
    /// The database, for people: `sqlite:/var/lib/app.db`.
    ///
    /// Never a password.
    var location: String { get }

    /// Checks that the tables have the version that this program knows.
    ///
    /// - Throws: ``StoreError/Code/schema`` for missing, older, newer, edited or foreign tables; nothing is changed.
    func requireSchema() async throws(StoreError)

    /// Checks the tables as ``requireSchema()`` does, and looks at the tasks as ``look(names:queues:)`` does, in as few
    /// round trips as the store can.
    ///
    /// - Returns: What was seen, or nil if the store has not looked.
    /// - Throws: As ``requireSchema()``.
    func open(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look?

    /// Looks in one read whether a run of these names and queues would find anything.
    ///
    /// On a quiet table most runs find nothing, and end after this. Nothing is changed, and nothing stays locked.
    ///
    /// - Parameters:
    ///   - names: The task names that can be performed.
    ///   - queues: The queues to look at, or nil for all.
    /// - Returns: What was seen.
    /// - Throws: ``StoreError``.
    func look(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look

    /// Takes over the tasks of dead runs.
    ///
    /// A PROCESSING row is taken over if one of these holds:
    /// - Its lease has ended.
    /// - The request says that its owner is dead.
    /// - It has no lease end, and `created_at` is a lease length ago.
    ///
    /// The row becomes WAITING and is due as before. Its attempt stays counted, and `crashes` rises by one.
    /// `last_error` says who died, when that was seen and why the run is thought dead. Exceptions:
    /// - A row that reaches the request's limit of crashes becomes FAILED, and leaves a result if it has a token.
    /// - A row with a request to cancel it is deleted, as by the verdict `cancel`.
    /// - A row that would become WAITING and has a newer equal is removed and reported as ``RecoveredTask/gaveWay``. An
    ///   older equal that waits is removed.
    ///
    /// A batch ends when its last open row becomes FAILED or is removed. A row of a living run is not touched. One call
    /// takes over at most 1,000 rows, so that no lock is held for long: call again while 1,000 come back.
    func recover(_ request: RecoverRequest) async throws(StoreError) -> [RecoveredTask]

    /// Repairs lock keys whose waiting rows would never be claimed, because rows were changed by hand.
    ///
    /// This is about a key with rows that wait behind others, but with no holder and no due row that claims look at.
    /// The first row of such a key becomes one that claims look at. A FAILED row is no holder. A row with crashes that
    /// does not hold its key gets it if no other row holds it. One call looks at a bounded number of rows; where more
    /// rows wait behind others, each call looks at some of them.
    ///
    /// - Returns: How many keys were repaired.
    func repairLockLines(now: Date?) async throws(StoreError) -> Int

    /// Makes tasks due that wait for batches whose end went unnoticed, because rows expired or were changed by hand.
    ///
    /// It also forgets the counts of batches for which no task waits any more. One call looks at no more than 1,000
    /// batches, so that no lock is held for long: call again with ``EndedBatches/last`` while it is not nil.
    ///
    /// - Parameters:
    ///   - batch: Looks at the batches behind this one, in the order of their bytes; nil starts with the first one.
    ///   - now: The moment from which the tasks are due, or nil for the database's own.
    /// - Returns: How many became due, which are refused, and whether some were locked.
    /// - Throws: What the database reports.
    func endBatches(after batch: String?, now: Date?) async throws(StoreError) -> EndedBatches

    /// Whether ``repairLockLines(now:)`` or ``endBatches(after:now:)`` would find something.
    ///
    /// A run that stays calls this. It changes nothing, and takes no lock that other programs would wait for.
    func needsRepair() async throws(StoreError) -> Bool

    /// Ends claims and makes new ones in one transaction: all of it happens, or nothing.
    ///
    /// **Settlements.** A settlement changes its row only while the row is PROCESSING with the proof's claim number.
    /// Otherwise nothing is changed, and the result is ``SettleResult/leaseLost``. The verdicts:
    /// - `delete` removes the row.
    /// - `retry` makes it WAITING, due after the wait, with `last_error` set and `crashes` 0.
    /// - `fail` makes it FAILED with `last_error` set.
    /// - `release` makes it WAITING with the attempt given back and `crashes` as before.
    /// - `cancel` removes the row. So do `retry` and `release` if there is a request to cancel the row; the result is
    ///   then ``SettleResult/cancelled``.
    ///
    /// `last_error` is cut to 8 KiB at the end of a character. If the row still carries the claim and the statement
    /// changes nothing, the result is ``SettleResult/untouched``.
    ///
    /// **Results.** A settlement with a record leaves a line in `task_results` if the row has a token and the task ends
    /// with it: COMPLETE with the result, FAILED with the error, or CANCELLED. The line replaces an earlier line with
    /// that token. A lost lease leaves no line.
    ///
    /// **Follow-ups.** If a settlement `delete` deletes its row, all of its follow-ups are added. If the table refuses
    /// one of them, nothing of the call is done. A follow-up with a `dedupe_key` is left out if an equal task waits. If
    /// an open transaction has just added a task with the same `token` or `dedupe_key`, nothing of the call is done
    /// either, and it soon throws ``StoreError/Code/held``.
    ///
    /// **Batches.** A row with `after_batch` is not claimed. When the last row of that batch that is WAITING or
    /// PROCESSING ends:
    /// - The waiting row loses its `after_batch`.
    /// - It is due now, unless its `run_at` is later.
    /// - If its payload is an object, that gets a key `batch` with the batch's name and how many of its tasks were
    ///   completed, are FAILED, and were cancelled. They are counted from the moment at which some task waits for the
    ///   batch.
    ///
    /// If the table refuses this change, the row goes on waiting and is reported in ``Exchange/refusals``; the
    /// settlements hold.
    ///
    /// **Claims.** A claim takes WAITING rows whose `run_at` has come, with a name of the request, in a queue that its
    /// filter lets through. It takes the smallest (`priority`, `run_at`, `id`) first, and at most as many as asked for.
    /// Two runs never get the same row. Each row becomes PROCESSING with `attempts` and `claim_no` raised by one, the
    /// request's owner, and a lease that ends after the request's length. The rows are returned in due order. Rows that
    /// other runs have locked are passed over.
    ///
    /// **Paused queues.** Nothing is claimed of a paused queue (`task_queues`) until its pause has ended or it is
    /// resumed. Tasks that are claimed already are not touched.
    ///
    /// **Equal tasks.** If two rows with the same name and `dedupe_key` would both be WAITING, the one with the higher
    /// `id` stays. A row that would become WAITING again and has a newer equal is removed, and its result is
    /// ``SettleResult/gaveWay``. An older equal that waits is removed when the row becomes WAITING.
    ///
    /// **Lock keys.** Rows with one `lock_key`, of whatever names and queues, are never PROCESSING at the same time.
    /// Those that are due are claimed in the order of (`priority`, `run_at`, `id`). A claimed row holds its key until
    /// it is deleted, FAILED or gone. It also holds the key while it waits for its next attempt, unless the settlement
    /// lets others pass; a row whose run died holds it in any case. Every function of a store that removes a row lets
    /// the next row of its key go on.
    ///
    /// **Expired tasks.** A row that has never begun (`attempts` 0) and whose `expires_at` has come becomes FAILED
    /// before a claim, whatever its name and queue. At most ``ExpiredTask/most`` do so at once, and
    /// ``Exchange/expired`` names them. No such row is claimed, even if there are more, or if it was locked when
    /// expired rows were looked for. A claim is a beginning: a task that was claimed in time is performed.
    ///
    /// **Refused rows.** The table may refuse a claim of a row, or its change to FAILED when it has expired (a
    /// constraint, a trigger, a policy). Such a row is found by claims that are undone, first of all rows and then of
    /// halves. ``Exchange/passedOver`` names it once, and it is passed over as long as the store is open. A row that is
    /// refused only beside others, as by a unique index, is passed over until ``tryRefusedAgain()``.
    ///
    /// **Memory.** For one second a store may rely on what it has seen (for up to 5 s where looking takes longer than
    /// 100 ms). During that time it may pass over new rows that are more urgent than all others, or due before the row
    /// that was claimed last. It may also notice a new pause that much later. If an exchange brought fewer rows than
    /// asked for, ``Exchange/isPartial`` says whether this may be the reason. The next exchange then looks at all rows.
    ///
    /// - Parameters:
    ///   - settlements: Claims to end, at most one per task.
    ///   - request: What to claim afterwards, or nil for nothing.
    ///   - now: The present moment, or nil for the deciding clock.
    /// - Returns: One result per settlement, in their order, and what was claimed.
    /// - Throws: ``StoreError``. A lost lease is a result, not an error.
    func settle(
        _ settlements: [Settlement],
        thenClaim request: ClaimRequest?,
        now: Date?
    ) async throws(StoreError) -> Exchange

    /// The queues that have something due with these names, each once, in any order; paused queues have nothing due.
    ///
    /// - Parameters:
    ///   - names: The task names that can be performed.
    ///   - queues: The queues to look at, or nil for all.
    /// - Returns: The queues.
    /// - Throws: ``StoreError``.
    func dueQueues(names: [String], queues: QueueFilter?) async throws(StoreError) -> [String]

    /// All limits: the rows of `task_limits`, in any order.
    func limits() async throws(StoreError) -> [TaskLimit]

    /// Claims as ``settle(_:thenClaim:now:)`` does, but no more than these limits allow at this moment, over all runs.
    ///
    /// No more tasks are PROCESSING at once than the least of the limits says, and no more are begun in a minute. A
    /// subject without a row is not limited. The request is only for tasks to which all of these limits apply.
    func claim(
        _ request: ClaimRequest,
        within limits: [TaskLimit.Subject],
        now: Date?
    ) async throws(StoreError) -> Exchange

    /// Which of these ends cannot be written now because another open transaction has locked the row or its lock key.
    ///
    /// Waits for nothing.
    ///
    /// - Returns: The ends that are held, with a few words about who holds them.
    func held(among settlements: [Settlement]) async throws(StoreError) -> [ClaimProof: String]

    /// Allows claims of rows that the table refused only beside others: for when nothing else is due.
    ///
    /// - Returns: Why they were refused, in the database's words, or nil if there are none.
    func tryRefusedAgain() -> String?

    /// Who has locked the table at this moment, in words, or nil if it is not locked or that cannot be found out.
    ///
    /// Waits for no lock.
    func lockHolder() async -> String?

    /// Notes that the handler of a task has ended, and that the database does not let its row be written in any form.
    ///
    /// ``recover(_:)`` does not take over such a row. It tries again to write the end, and leaves the row as it is if
    /// that is still refused.
    ///
    /// - Parameters:
    ///   - proof: The claim.
    ///   - isDone: Whether the task succeeded, so that its row is to be deleted; otherwise it has failed.
    ///   - why: What the database said.
    /// - Throws: ``StoreError``.
    func noteStuck(_ proof: ClaimProof, isDone: Bool, why: String) async throws(StoreError)

    /// Renews leases: each ends a lease length from now.
    ///
    /// Only rows that are still PROCESSING with the proof's claim number are renewed.
    ///
    /// - Returns: The proofs that are no longer valid.
    func renew(_ proofs: [ClaimProof], lease: Duration, now: Date?) async throws(StoreError) -> [ClaimProof]

    /// Releases the lost claims of this owner: a transaction claimed the rows, and its answer was lost.
    ///
    /// It does what a settlement `release` does, with lock keys, equal tasks and batches. It is incomplete while such a
    /// transaction may still be open, and while another transaction has one of the rows locked: call again. Settlements
    /// that may have been lost too must be written before it.
    func giveBack(owner: String, except known: [ClaimProof]) async throws(StoreError) -> GivenBack

    /// Writes the progress of handlers whose claims still hold; a row that another transaction has locked is passed
    /// over.
    ///
    /// - Returns: The claims whose rows were passed over: they are to be written later.
    func note(_ progress: [ClaimProof: ProgressNote]) async throws(StoreError) -> [ClaimProof]

    /// Which of these claims have a request to cancel their tasks.
    func cancelRequests(among proofs: [ClaimProof]) async throws(StoreError) -> [ClaimProof]

    /// Removes expired results, at most this many.
    ///
    /// - Returns: How many were removed.
    func prune(limit: Int, now: Date?) async throws(StoreError) -> Int

    /// Removes FAILED tasks that are kept no longer, at most this many.
    ///
    /// A row counts from `failed_at`, or from the upgrade to version 11 of the tables if it does not say. Other rows
    /// are never removed.
    ///
    /// - Parameters:
    ///   - keep: How long FAILED rows are kept, by task name.
    ///   - limit: The most rows.
    /// - Returns: How many were removed.
    /// - Throws: What the database reports.
    func removeOldFailed(_ keep: ResultRetention, limit: Int) async throws(StoreError) -> Int

    /// Runs an SQL script and deletes the task's row in one transaction: both happen, or neither.
    ///
    /// Everything else that the settlement brings is done in that transaction too: see ``settle(_:thenClaim:now:)``.
    /// Its verdict is `delete`. The row is deleted only while it is PROCESSING with the proof's claim number; otherwise
    /// the script leaves no trace. Names in the script (`:id`) are bound from the script's values, never pasted. A name
    /// without a value leaves no trace either. The script runs on a connection of its own. It ends, undone, when the
    /// calling Swift task is cancelled or the time limit has passed.
    func perform(
        _ script: Script,
        settling settlement: Settlement,
        timeLimit: Duration
    ) async throws(StoreError) -> ScriptOutcome

    /// Names of WAITING tasks, distinct, at most this many: to report which have no handler here.
    func waitingNames(limit: Int) async throws(StoreError) -> [String]

    /// Waits until a task of these names and queues is due: for a run that stays when nothing is due.
    ///
    /// It returns true soon after such a row has become due, whatever made it so, and at once if one is due already. No
    /// change is missed, be it made before the call or while it waits. A row for the future is due when its `run_at`
    /// comes. A row of a paused queue is not due before the pause ends. It returns false at `end`, and soon after the
    /// calling Swift task was cancelled. It may return true without cause, for example if another run was faster. The
    /// due row may also be one that cannot be claimed at this moment.
    ///
    /// While it waits no lock is held, and none is taken that another program could run into.
    ///
    /// - Parameters:
    ///   - names: The task names that can be performed.
    ///   - queues: The queues to look at, or nil for all.
    ///   - end: When to return at the latest.
    /// - Returns: Whether something is due.
    /// - Throws: ``StoreError``; ``StoreError/Code/database`` for an SQLite file that was removed or replaced.
    func waitForTasks(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant
    ) async throws(StoreError) -> Bool

    /// One row, or nil if there is none.
    func show(_ id: Int64) async throws(StoreError) -> TaskRow?

    /// Closes the connections. Calls after it throw ``StoreError/Code/other``.
    func close() async
}

extension TaskStore {
    /// Returns nothing: for a store in which no transaction waits for another.
    public func held(among settlements: [Settlement]) async throws(StoreError) -> [ClaimProof: String] { [:] }

    /// Returns nil: for a store that cannot tell.
    public func lockHolder() async -> String? { nil }

    /// Returns nil: for a store that refuses no row for a while only.
    public func tryRefusedAgain() -> String? { nil }

    /// Returns 0: for a store that keeps all of them.
    public func removeOldFailed(_ keep: ResultRetention, limit: Int) async throws(StoreError) -> Int { 0 }

    /// Throws: for a store that cannot note it.
    public func noteStuck(_ proof: ClaimProof, isDone: Bool, why: String) async throws(StoreError) {
        throw StoreError(
            .other,
            subject: "cannot note the end of task \(proof.id) in \(location)",
            cause: "not supported"
        )
    }
    /// Returns false: for a store that leaves this to another one.
    public func needsRepair() async throws(StoreError) -> Bool { false }

    /// Claims without settling anything, and asks again if the store has not looked everywhere and nothing came.
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

    /// Checks the tables, and does not look.
    public func open(names: [String], queues: QueueFilter?) async throws(StoreError) -> Look? {
        try await requireSchema()
        return nil
    }
}
