/// The statements about limits of queues and names.
enum LimitSQL {
    static let all = Statement("limits", PackageResources.limits_sql)
    static let lock = Statement("lock_limits", PackageResources.lock_limits_sql)
    static let quota = Statement("quota", PackageResources.quota_sql)
    static let count = Statement("count_begun", PackageResources.count_begun_sql)
    static let set = Statement(once: PackageResources.set_limit_sql)
    static let remove = Statement(once: PackageResources.remove_limit_sql)
}
