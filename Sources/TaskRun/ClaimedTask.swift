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
public struct ClaimedTask: Sendable, Equatable {
    /// The proof of this claim.
    public let proof: ClaimProof
    /// The task name: which handler it is for.
    public let name: String
    /// The queue it came from.
    public let queue: String
    /// The payload: the very bytes of the column `data`.
    ///
    /// SQLite does not promise that they are UTF-8.
    public let data: [UInt8]
    /// Which attempt this is, from 1; counted at the claim.
    public let attempt: Int
    /// The row's own limit of attempts; nil: as the handler is configured.
    public let maxAttempts: Int?
    /// The row's own time limit; nil: as the handler is configured.
    public let timeout: Duration?
    /// Runs that died with this task in hand, in a row.
    public let crashes: Int
    /// The key that this task holds until it ends; nil: none.
    public let lockKey: String?
    /// What whoever asked finds the result by; nil: nobody wants it.
    public let token: String?
    /// Whether somebody has asked that it be not performed.
    public let isCancelRequested: Bool

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
        isCancelRequested: Bool = false
    ) {
        self.proof = proof
        self.name = name
        self.queue = queue
        self.data = data
        self.attempt = attempt
        self.maxAttempts = maxAttempts
        self.timeout = timeout
        self.crashes = crashes
        self.lockKey = lockKey
        self.token = token
        self.isCancelRequested = isCancelRequested
    }

    /// The task's `id`.
    public var id: Int64 { proof.id }
}
