public import Platform

/// The proof that a run still holds a task: the task's `id`, and the claim number of this claim.
///
/// Each write about a claimed task carries this proof. Another claim raises the claim number, so a run whose claim was
/// taken over changes nothing.
public struct ClaimProof: Sendable, Hashable {
    /// The task's `id`.
    public let id: Int64
    /// The value of `claim_no` that the claim wrote; it never falls.
    public let number: Int64

    /// Creates a proof from its parts.
    public init(id: Int64, number: Int64) {
        self.id = id
        self.number = number
    }

    /// Reads the proof of a row of `tasks`.
    package init(_ row: some StoreRow) { self.init(id: row.integer("id"), number: row.natural("claim_no")) }
}

/// One task that a run holds: what the handler receives.
///
/// It is passed on many times, so it keeps its values in one object: a copy costs one reference count.
public struct ClaimedTask: Sendable, Equatable {
    /// The proof of this claim.
    public let proof: ClaimProof
    private let columns: Columns
    /// How long it had been due when it was claimed, on the deciding clock.
    ///
    /// It is no part of the claim: two equal ones may differ in it.
    public package(set) var waited = Duration.zero

    /// Creates a claimed task from its parts.
    public init(
        proof: ClaimProof,
        name: String,
        queue: String,
        data: [UInt8],
        attempt: Int,
        maxAttempts: Int?,
        timeout: Duration?,
        crashes: Int,
        lockKey: String? = nil,
        token: String? = nil,
        batch: String? = nil,
        isCancelRequested: Bool = false,
        due: Date? = nil
    ) {
        self.proof = proof
        let values = Values(
            name: name,
            queue: queue,
            data: data,
            attempt: attempt,
            maxAttempts: maxAttempts,
            timeout: timeout,
            crashes: crashes,
            lockKey: lockKey,
            token: token,
            batch: batch,
            isCancelRequested: isCancelRequested,
            due: due
        )
        columns = Columns(values: values)
    }

    /// The task's `id`.
    public var id: Int64 { proof.id }
    /// The task name: which handler it is for.
    public var name: String { columns.values.name }
    /// The queue it came from.
    public var queue: String { columns.values.queue }
    /// The payload: the very bytes of the column `data`.
    ///
    /// SQLite does not promise that they are UTF-8.
    public var data: [UInt8] { columns.values.data }
    /// Which attempt this is, from 1; it is counted at the claim.
    public var attempt: Int { columns.values.attempt }
    /// The row's own limit of attempts, or nil for the handler's.
    public var maxAttempts: Int? { columns.values.maxAttempts }
    /// The row's own time limit, or nil for the handler's.
    public var timeout: Duration? { columns.values.timeout }
    /// How many runs in a row died while they held this task.
    public var crashes: Int { columns.values.crashes }
    /// The lock key that this task holds until it ends, or nil for none.
    public var lockKey: String? { columns.values.lockKey }
    /// The token by which the result is found, or nil if no result is wanted.
    public var token: String? { columns.values.token }
    /// The batch that it belongs to, or nil for none.
    public var batch: String? { columns.values.batch }
    /// Whether there is a request to cancel it.
    public var isCancelRequested: Bool { columns.values.isCancelRequested }
    /// When it was due, on the deciding clock, or nil if the store looks that up when the task ends.
    public var due: Date? { columns.values.due }

    /// Whether two claims are the same, with the same values.
    public static func == (one: ClaimedTask, other: ClaimedTask) -> Bool {
        one.proof == other.proof && one.columns.values == other.columns.values
    }
}

extension ClaimedTask {
    /// The values of the row.
    private struct Values: Sendable, Equatable {
        let name: String
        let queue: String
        let data: [UInt8]
        let attempt: Int
        let maxAttempts: Int?
        let timeout: Duration?
        let crashes: Int
        let lockKey: String?
        let token: String?
        let batch: String?
        let isCancelRequested: Bool
        let due: Date?
    }

    /// The one object that has them.
    private final class Columns: Sendable {
        let values: Values

        init(values: Values) { self.values = values }
    }
}

extension ClaimedTask {
    /// What the tasks of a lane have in common; a claim from one lane does not read it from each row.
    @usableFromInline
    package typealias Lane = (name: String, queue: String)

    /// Reads a row of a claim's answer.
    ///
    /// Inlinable, as it runs once a task: each store has it for its own rows.
    ///
    /// - Parameters:
    ///   - row: The row.
    ///   - lane: The lane that all rows are from, or nil if they may be from several.
    ///   - due: When it was due, if the store knows that.
    @inlinable
    package init<Row: StoreRow>(_ row: Row, of lane: Lane?, due: Date? = nil) {
        self.init(
            proof: ClaimProof(id: row.integer("id"), number: row.integer("claim_no")),
            name: lane?.name ?? row.text("task_name"),
            queue: lane?.queue ?? row.text("queue"),
            data: row.payload("data"),
            attempt: row.count("attempts"),
            maxAttempts: row.limit("max_attempts", from: 1),
            timeout: row.limit("timeout_seconds", from: 1).map { .seconds($0) },
            crashes: lane == nil ? row.count("crashes") : 0,
            lockKey: lane == nil ? row.textIfAny("lock_key") : nil,
            token: row.textIfAny("token"),
            batch: row.textIfAny("batch"),
            isCancelRequested: row.flag("is_cancel_requested"),
            due: due
        )
    }
}
