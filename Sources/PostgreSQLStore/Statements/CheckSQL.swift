/// The statements of `taskrun check`.
enum CheckSQL {
    static let horizonHolder = Statement(once: PackageResources.horizon_holder_sql)
    static let oddRows = Statement(once: PackageResources.odd_rows_sql)
    static let unlogged = Statement(once: PackageResources.unlogged_tables_sql)
    static let firstWaiting = Statement(once: PackageResources.first_waiting_sql)
    static let conditions = Statement(once: PackageResources.unvalidated_conditions_sql)
    static let stuck = Statement(once: PackageResources.stuck_rows_sql)
    static let server = Statement(once: PackageResources.server_sql)
    static let tables = Statement(once: PackageResources.tables_of_schema_sql)
    static let rights = Statement(once: PackageResources.missing_rights_sql)
    static let language = Statement(once: PackageResources.language_right_sql)
    static let sequence = Statement(once: PackageResources.id_sequence_sql)
    static let keepers = Statement(once: PackageResources.foreign_keys_sql)
    static let triggers = Statement(once: PackageResources.foreign_triggers_sql)
    static let shape = Statement(once: PackageResources.table_shape_sql)
    static let scratch = Statement(once: PackageResources.scratch_tables_sql)
    static let unseen = Statement("unseen", PackageResources.unseen_sql)
}
