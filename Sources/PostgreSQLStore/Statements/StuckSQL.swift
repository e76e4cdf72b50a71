/// The statements about tasks whose handlers have ended and whose rows the database refuses to change.
enum StuckSQL {
    static let note = Statement("stuck_note", PackageResources.stuck_note_sql)
    static let some = Statement("stuck_some", PackageResources.stuck_some_sql)
    static let forget = Statement("stuck_forget", PackageResources.stuck_forget_sql)
}
