public import TaskRun

/// The one list of handlers that are compiled in.
///
/// A new Swift module is one more line here.
public enum AllHandlers {
    /// All Swift handlers, created with these settings.
    public static func all(settings: MailSettings) -> [any Handler] {
        [
            SwiftHandler(ContactEmailHandler(settings: settings)),
            SwiftHandler(InvitationEmailHandler(settings: settings)),
        ]
    }
}
