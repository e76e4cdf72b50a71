/// What a run sees of the table before it does anything.
public struct Look: Sendable, Equatable {
    /// The most names that are reported.
    public static let nameLimit = 1000

    /// Whether some row is PROCESSING: a dead run may have left it behind.
    public var holdsClaims: Bool
    /// Whether something is due, even if it is only a row that cannot be claimed at this moment.
    public var isDue: Bool
    /// Whether some row waits behind another one with its lock key.
    public var hasLine: Bool
    /// Whether some task waits, or waited, for the end of a batch.
    public var hasBatch: Bool
    /// Names of WAITING tasks, distinct, sorted, at most ``nameLimit``.
    public var waitingNames: [String]
    /// Whether there are expired results to remove.
    public var holdsExpired: Bool
    /// Whether anything is limited: see ``TaskStore/limits()``.
    public var hasLimits: Bool

    /// Creates a look from its parts.
    public init(
        holdsClaims: Bool,
        isDue: Bool,
        hasLine: Bool = false,
        hasBatch: Bool = false,
        waitingNames: [String],
        holdsExpired: Bool = false,
        hasLimits: Bool = false
    ) {
        self.holdsClaims = holdsClaims
        self.isDue = isDue
        self.hasLine = hasLine
        self.hasBatch = hasBatch
        self.waitingNames = waitingNames
        self.holdsExpired = holdsExpired
        self.hasLimits = hasLimits
    }
}
