/// The statements about runs, and about reports of names without a handler.
enum RunSQL {
    static let haste = Statement(once: PackageResources.run_haste_sql)
    static let idle = Statement(once: PackageResources.run_idle_sql)
    static let begin = Statement(once: PackageResources.run_begin_sql)
    static let note = Statement(once: PackageResources.run_note_sql)
    static let prune = Statement(once: PackageResources.run_prune_sql)
    static let pruneReports = Statement(once: PackageResources.report_prune_sql)
    static let list = Statement(once: PackageResources.run_list_sql, isBinary: true)
    static let now = Statement(once: PackageResources.run_moment_sql, isBinary: true)
    static let names = Statement(once: PackageResources.run_names_sql)
    static let takeReports = Statement(once: PackageResources.report_take_sql)
}
