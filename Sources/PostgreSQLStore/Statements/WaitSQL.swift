/// The statements of a run that waits for tasks.
enum WaitSQL {
    static let channel = Statement("channel", PackageResources.channel_sql)
    static let tables = Statement("tables", PackageResources.tables_sql)
    static let anyClaim = Statement("any_claim", PackageResources.any_claim_sql)
    static let firstDue = Statement("first_due", PackageResources.first_due_sql)
    static let firstDueOfQueues = Statement("first_due_of_queues", PackageResources.first_due_of_queues_sql)
    static let anyDue = Statement("any_due", PackageResources.any_due_sql)
    static let anyDueOfQueues = Statement("any_due_of_queues", PackageResources.any_due_of_queues_sql)
}
