/// The statements that end, prolong and release claims, and that find the holders of the locks which an end needs.
enum SettleSQL {
    static let delete = Statement("settle_delete", PackageResources.settle_delete_sql, isBinary: true)
    static let deleteNoting = Statement(
        "settle_delete_noting",
        PackageResources.settle_delete_noting_sql,
        isBinary: true
    )
    static let update = Statement("settle_update", PackageResources.settle_update_sql, isBinary: true)
    static let renew = Statement("renew", PackageResources.renew_sql)
    static let lost = Statement("lost", PackageResources.lost_sql)
    static let held = Statement("held", PackageResources.held_sql)
    static let anyHeld = Statement("any_held", PackageResources.any_held_sql)
    static let heldRows = Statement("held_rows", PackageResources.held_rows_sql)
    static let heldKeys = Statement("held_keys", PackageResources.held_keys_sql)
}
