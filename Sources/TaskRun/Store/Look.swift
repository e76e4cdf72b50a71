/// What a run sees of the table before it does anything.
public struct Look: Sendable, Equatable {
    /// The most names that are looked for.
    public static let nameLimit = 1000

    /// Whether some row is PROCESSING: a dead run may have left it behind.
    public var holdsClaims: Bool
    /// Whether something is due; perhaps only a row that no claim would give at this moment.
    public var isDue: Bool
    /// Whether some row waits behind another one of its lock key.
    public var hasLine: Bool
    /// Whether some task waits for the end of a batch, or did.
    public var hasBatch: Bool
    /// Names of WAITING tasks, distinct, sorted, at most ``nameLimit``.
    public var waitingNames: [String]
    /// Whether results wait to be removed, as their time is over.
    public var holdsExpired: Bool

    /// Creates a look from its parts.
    public init(
        holdsClaims: Bool,
        isDue: Bool,
        hasLine: Bool = false,
        hasBatch: Bool = false,
        waitingNames: [String],
        holdsExpired: Bool = false
    ) {
        self.holdsClaims = holdsClaims
        self.isDue = isDue
        self.hasLine = hasLine
        self.hasBatch = hasBatch
        self.waitingNames = waitingNames
        self.holdsExpired = holdsExpired
    }
}
