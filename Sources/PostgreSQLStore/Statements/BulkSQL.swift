/// The statements around COPY.
enum BulkSQL {
    static let numbers = Statement("bulk_numbers", PackageResources.bulk_numbers_sql)
    static let limits = Statement(once: PackageResources.bulk_limits_sql)
    static let now = Statement("bulk_now", PackageResources.bulk_now_sql)
    static let mark = Statement("bulk_mark", PackageResources.bulk_mark_sql)
    static let undo = Statement("bulk_undo", PackageResources.bulk_undo_sql)
    static let keep = Statement("bulk_keep", PackageResources.bulk_keep_sql)
}
