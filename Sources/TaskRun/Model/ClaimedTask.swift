/// What proves that a task is still in this run's hand: its number, and the claim number the claim gave it.
///
/// Each write about a claimed task carries this proof. A claim by anyone else raises the claim number, so a run whose
/// claim was taken over changes nothing.
public struct ClaimProof: Sendable, Hashable {
    /// The task's `id`.
    public let id: Int64
    /// The value of `claim_no` that the claim wrote; it only ever rises.
    public let number: Int64

    /// Creates a proof from its parts.
    public init(id: Int64, number: Int64) {
        self.id = id
        self.number = number
    }
}

/// One task in a run's hand: what the handler is given.
///
/// It is passed on many times on its way, so what it holds is one object: to copy it costs one count of references.
public struct ClaimedTask: Sendable, Equatable {
    /// The proof of this claim.
    public let proof: ClaimProof
    private let columns: Columns

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
        isCancelRequested: Bool = false
    ) {
        self.proof = proof
        columns = Columns(
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
            isCancelRequested: isCancelRequested
        )
    }

    /// The task's `id`.
    public var id: Int64 { proof.id }
    /// The task name: which handler it is for.
    public var name: String { columns.name }
    /// The queue it came from.
    public var queue: String { columns.queue }
    /// The payload: the very bytes of the column `data`.
    ///
    /// SQLite does not promise that they are UTF-8.
    public var data: [UInt8] { columns.data }
    /// Which attempt this is, from 1; counted at the claim.
    public var attempt: Int { columns.attempt }
    /// The row's own limit of attempts; nil: as the handler is configured.
    public var maxAttempts: Int? { columns.maxAttempts }
    /// The row's own time limit; nil: as the handler is configured.
    public var timeout: Duration? { columns.timeout }
    /// Runs that died with this task in hand, in a row.
    public var crashes: Int { columns.crashes }
    /// The key that this task holds until it ends; nil: none.
    public var lockKey: String? { columns.lockKey }
    /// What whoever asked finds the result by; nil: nobody wants it.
    public var token: String? { columns.token }
    /// The batch that it belongs to; nil: none.
    public var batch: String? { columns.batch }
    /// Whether somebody has asked that it be not performed.
    public var isCancelRequested: Bool { columns.isCancelRequested }

    /// Whether two claims are the same, with the same values.
    public static func == (one: ClaimedTask, other: ClaimedTask) -> Bool {
        one.proof == other.proof && one.columns.isEqual(to: other.columns)
    }
}

extension ClaimedTask {
    /// The values of the row.
    private final class Columns: Sendable {
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

        init(
            name: String,
            queue: String,
            data: [UInt8],
            attempt: Int,
            maxAttempts: Int?,
            timeout: Duration?,
            crashes: Int,
            lockKey: String?,
            token: String?,
            batch: String?,
            isCancelRequested: Bool
        ) {
            self.name = name
            self.queue = queue
            self.data = data
            self.attempt = attempt
            self.maxAttempts = maxAttempts
            self.timeout = timeout
            self.crashes = crashes
            self.lockKey = lockKey
            self.token = token
            self.batch = batch
            self.isCancelRequested = isCancelRequested
        }

        func isEqual(to other: Columns) -> Bool {
            (name, queue, data, attempt, crashes, isCancelRequested)
                == (other.name, other.queue, other.data, other.attempt, other.crashes, other.isCancelRequested)
                && (maxAttempts, timeout, lockKey, token, batch)
                    == (other.maxAttempts, other.timeout, other.lockKey, other.token, other.batch)
        }
    }
}
