/// Decides whether expired tasks go before a claim.
///
/// If very many tasks have expired, they are handled before the claim, because the claim would have to read all of
/// them. Once a second a claim still comes first.
public struct ExpiryPriority: Sendable {
    private var began: ContinuousClock.Instant?

    /// Creates one for which nothing has expired yet.
    public init() {}

    /// Whether the claim is left to the next call.
    ///
    /// - Parameters:
    ///   - isFull: Whether as many had expired as are looked at together.
    ///   - now: The present moment.
    /// - Returns: Whether nothing is to be claimed this time.
    public mutating func comesFirst(isFull: Bool, now: ContinuousClock.Instant = .now) -> Bool {
        let first = began ?? now
        let isFirst = isFull && first.duration(to: now) < .seconds(1)
        began = isFirst ? first : nil
        return isFirst
    }
}
