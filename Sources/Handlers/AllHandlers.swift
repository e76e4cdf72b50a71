public import TaskRun

/// The handlers that are compiled in: the one list.
///
/// A new Swift module is one more line here.
public enum AllHandlers {
    /// All Swift handlers, made with these settings.
    public static func all(settings: MailSettings) -> [any Handler] {
        [
            SwiftHandler(ContactEmailHandler(settings: settings)),
            SwiftHandler(InvitationEmailHandler(settings: settings)),
        ]
    }
}
