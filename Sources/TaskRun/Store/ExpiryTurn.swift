/// Where very many tasks have expired: they come first, as a claim would go past all of them, and once a second a claim does so all the same.
public struct ExpiryTurn: Sendable {
    private var began: ContinuousClock.Instant?

    /// Nothing has expired yet.
    public init() {}

    /// Whether a claim is left to the next call.
    ///
    /// - Parameters:
    ///   - isFull: Whether as many had expired as are looked at together.
    ///   - now: The moment.
    /// - Returns: Whether nothing is to be claimed this time.
    public mutating func comesFirst(isFull: Bool, now: ContinuousClock.Instant = .now) -> Bool {
        let first = began ?? now
        let isFirst = isFull && first.duration(to: now) < .seconds(1)
        began = isFirst ? first : nil
        return isFirst
    }
}
