/// The statements about batches and the tasks that wait for them.
enum BatchSQL {
    static let count = Statement("batch_count", PackageResources.batch_count_sql)
    static let over = Statement("batch_over", PackageResources.batch_over_sql)
    static let anyOver = Statement("batch_any_over", PackageResources.batch_any_over_sql)
    static let failed = Statement("batch_failed", PackageResources.batch_failed_sql)
    static let release = Statement("batch_release", PackageResources.batch_release_sql)
    static let forget = Statement("batch_forget", PackageResources.batch_forget_sql)
    static let ended = Statement("batch_ended", PackageResources.batch_ended_sql)
    static let anyDeserted = Statement("batch_any_deserted", PackageResources.batch_any_deserted_sql)
    static let list = Statement("batch_list", PackageResources.batch_list_sql, isBinary: true)
    static let deserted = Statement("batch_deserted", PackageResources.batch_deserted_sql)
}
