extension MigrationPlan.Refusal {
    /// Why nothing was touched.
    public var cause: String {
        switch self {
        case .foreignTable:
            "there is a table named tasks that taskrun did not make; nothing was touched"
        case .newerDatabase(let version, let known):
            "the tables have version \(version), this program knows versions up to \(known); nothing was touched"
        case .checksumDiffers(let version):
            "version \(version) was made by other SQL than this program's; nothing was touched"
        case .incomplete(let version):
            "version \(version) is recorded only in part: a table or a line of task_migrations is missing; nothing was touched"
        }
    }

    /// What to do.
    public var advice: String {
        switch self {
        case .foreignTable:
            "Use another database, or on PostgreSQL another schema (search_path), or rename that table."
        case .newerDatabase:
            "Upgrade taskrun on this machine."
        case .checksumDiffers:
            "Compare the tables with the output of: taskrun migrate --print. A build from changed sources must keep shipped migrations as they are."
        case .incomplete:
            "Restore task_migrations and tasks from a backup, or rename what is left and run: taskrun migrate"
        }
    }
}
