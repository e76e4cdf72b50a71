/// The statements that say why tasks are not running.
enum WhySQL {
    static let facts = Statement("why_facts", PackageResources.why_facts_sql, isBinary: true)
    static let held = Statement("why_held", PackageResources.why_held_sql, isBinary: true)
    static let waiting = Statement("why_waiting", PackageResources.why_waiting_sql)
}
