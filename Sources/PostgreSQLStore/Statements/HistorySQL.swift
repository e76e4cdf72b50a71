/// The statements about the history of tasks.
enum HistorySQL {
    static let noteFailures = Statement("note_failures", PackageResources.note_failures_sql)
    static let noteEnded = Statement("note_ended", PackageResources.note_ended_sql)
    static let noteLines = Statement("note_lines", PackageResources.note_lines_sql)
    static let prune = Statement(once: PackageResources.history_prune_sql)
    static let pruneFailures = Statement(once: PackageResources.failure_prune_sql)
    static let list = Statement(once: PackageResources.history_list_sql, isBinary: true)
    static let keyed = Statement(once: PackageResources.history_keyed_sql, isBinary: true)
    static let names = Statement(once: PackageResources.history_names_sql)
    static let failures = Statement(once: PackageResources.failures_sql, isBinary: true)
}
