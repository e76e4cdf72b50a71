/// The statements about what runs measure.
enum MeasureSQL {
    static let add = Statement(once: PackageResources.measure_add_sql)
    static let addTotals = Statement(once: PackageResources.total_add_sql)
    static let prune = Statement(once: PackageResources.measure_prune_sql)
    static let pruneTotals = Statement(once: PackageResources.total_prune_sql)
    static let list = Statement(once: PackageResources.measures_sql, isBinary: true)
    static let totals = Statement(once: PackageResources.measure_totals_sql, isBinary: true)
    static let oldestClaimable = Statement(once: PackageResources.oldest_claimable_sql, isBinary: true)
}
