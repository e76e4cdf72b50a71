/// The statements about lock keys and about tasks that expire.
enum LockSQL {
    static let expired = Statement("late", PackageResources.late_sql, isBinary: true)
    static let expire = Statement("expire", PackageResources.expire_sql, isBinary: true)
    static let freeFailed = Statement("lock_free_failed", PackageResources.lock_free_failed_sql)
    static let crashedWithoutKey = Statement("lock_crashed", PackageResources.lock_crashed_sql)
    static let holdCrashed = Statement("lock_hold_crashed", PackageResources.lock_hold_crashed_sql)
    static let deserted = Statement("lock_deserted", PackageResources.lock_deserted_sql)
    static let lanes = Statement("keyed_lanes", PackageResources.keyed_lanes_sql, isBinary: true)
    static let open = Statement("keyed", PackageResources.keyed_sql, isBinary: true)
    static let decide = Statement("keyed_decide", PackageResources.keyed_decide_sql, isBinary: true)
    static let lock = Statement("lock_keys", PackageResources.lock_keys_sql)
    static let free = Statement("lock_free", PackageResources.lock_free_sql)
    static let promote = Statement("lock_promote", PackageResources.lock_promote_sql)
    static let holder = Statement("lock_holder", PackageResources.lock_holder_sql)

    /// The most rows with a lock key that one claim looks at.
    static let lookLimit = 1000
    /// The most keys that one claim locks, so that other runs find some that are free.
    private static let mostKeys = 250

    /// How many keys a claim of so many rows locks: some of them may turn out to have a holder.
    static func keys(for limit: Int) -> Int { min(max(2 * min(limit, mostKeys), 16), mostKeys) }

    /// Locks keys, makes these requests, which end rows or free their keys, and makes the next tasks claimable.
    static func letGo(_ keys: [String], after requests: [Request] = [], now: String? = nil) -> [Request] {
        guard !keys.isEmpty else { return requests }
        let keys = SQLText.array(keys.map(Optional.some))
        return [Request(lock, [keys])] + requests + [Request(promote, [keys, now])]
    }

    /// Repairs lock keys whose rows were changed by hand.
    static func repair(_ keys: [String], now: String?) -> [Request] {
        let list = [SQLText.array(keys.map(Optional.some))]
        return letGo(keys, after: [Request(freeFailed, list), Request(holdCrashed, list)], now: now)
    }
}
