/// The statements of a run that waits for tasks.
enum WaitSQL {
    static let channel = Statement("channel", PackageResources.channel_sql)
    static let tables = Statement("tables", PackageResources.tables_sql)
    static let firstDue = Statement("first_due", PackageResources.first_due_sql)
    static let look = Statement("look", PackageResources.look_sql, isBinary: true)
}
