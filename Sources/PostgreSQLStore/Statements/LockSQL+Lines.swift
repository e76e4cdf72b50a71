extension LockSQL {
    /// The most rows with a lock key that one claim looks at.
    static let lookLimit = 1000
    /// The most keys that one claim locks, so that other runs find some that are free.
    private static let mostKeys = 250

    /// How many keys a claim of so many rows locks: some of them may turn out to have a holder.
    static func keys(for limit: Int) -> Int { min(max(2 * min(limit, mostKeys), 16), mostKeys) }

    /// What lets go of keys, in order: their advisory locks, what ends or frees rows, and what leads the lines on.
    static func letGo(_ keys: [String], after requests: [Request] = [], now: String? = nil) -> [Request] {
        guard !keys.isEmpty else { return requests }
        let keys = SQLText.array(keys.map(Optional.some))
        return [Request(lock, [keys])] + requests + [Request(promote, [keys, now])]
    }

    /// Puts lines right that were changed by hand.
    static func mend(_ keys: [String], now: String?) -> [Request] {
        let list = [SQLText.array(keys.map(Optional.some))]
        return letGo(keys, after: [Request(freeFailed, list), Request(holdCrashed, list)], now: now)
    }
}
