/// The statements about lock keys and about tasks that expire.
enum LockSQL {
    static let late = Statement("late", PackageResources.late_sql, isBinary: true)
    static let expire = Statement("expire", PackageResources.expire_sql, isBinary: true)
    static let freeFailed = Statement("lock_free_failed", PackageResources.lock_free_failed_sql)
    static let crashedWithoutKey = Statement("lock_crashed", PackageResources.lock_crashed_sql)
    static let holdCrashed = Statement("lock_hold_crashed", PackageResources.lock_hold_crashed_sql)
    static let deserted = Statement("lock_deserted", PackageResources.lock_deserted_sql)
    static let anyBehind = Statement("any_behind", PackageResources.any_behind_sql)
    static let lanes = Statement("keyed_lanes", PackageResources.keyed_lanes_sql, isBinary: true)
    static let open = Statement("keyed", PackageResources.keyed_sql, isBinary: true)
    static let openOfQueues = Statement("keyed_of_queues", PackageResources.keyed_of_queues_sql, isBinary: true)
    static let openOfLanes = Statement("keyed_of_lanes", PackageResources.keyed_of_lanes_sql, isBinary: true)
    static let decide = Statement("keyed_decide", PackageResources.keyed_decide_sql, isBinary: true)
    static let lock = Statement("lock_keys", PackageResources.lock_keys_sql)
    static let free = Statement("lock_free", PackageResources.lock_free_sql)
    static let promote = Statement("lock_promote", PackageResources.lock_promote_sql)
    static let holder = Statement("lock_holder", PackageResources.lock_holder_sql)
}
