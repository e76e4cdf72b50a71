/// The statements around COPY.
enum BulkSQL {
    static let numbers = Statement("bulk_numbers", PackageResources.bulk_numbers_sql)
    static let limits = Statement(once: PackageResources.bulk_limits_sql)
    static let now = Statement("bulk_now", PackageResources.bulk_now_sql)
}
