/// The statements about equal tasks, with the same task name and `dedupe_key`: at most one of them waits.
enum EqualSQL {
    static let lock = Statement("settle_lock", PackageResources.settle_lock_sql)
    static let keys = Statement("equal_keys", PackageResources.equal_keys_sql)
    static let remove = Statement("equal_remove", PackageResources.equal_remove_sql)
    static let removeForFailed = Statement("equal_remove_for_failed", PackageResources.equal_remove_for_failed_sql)
    static let giveWay = Statement("give_way", PackageResources.give_way_sql, isBinary: true)
}
