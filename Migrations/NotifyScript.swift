/// The optional triggers that wake waiting runs on PostgreSQL: no migration, for they may come and go.
public enum NotifyScript {
    /// The name of the trigger that tells whether they are there.
    public static let trigger = "task_notify_insert"

    /// Installs the triggers; may be run again.
    public static var on: String { String(decoding: PackageResources.notify_on_postgresql_sql, as: UTF8.self) }

    /// Removes them; may be run again.
    public static var off: String { String(decoding: PackageResources.notify_off_postgresql_sql, as: UTF8.self) }

    /// What installs or removes them, for people who run it by hand.
    public static func script(isOn: Bool) -> String { Migration.transaction(of: isOn ? on : off, for: .postgresql) }
}
