/// The statements around those of an SQL file.
enum ScriptSQL {
    static let settle = Statement("script_settle", PackageResources.script_settle_sql)
    static let fate = Statement("script_fate", PackageResources.script_fate_sql)
    static let limit = Statement("script_limit", PackageResources.script_limit_sql)
}
