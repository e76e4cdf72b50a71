public import TaskRun

/// `CONTACT_EMAIL`: tells somebody who wrote to us that the message has arrived.
///
/// `{"email": "john@doe.com"}` is enough; `name`, `subject` and `text` replace what is said by default.
public struct ContactEmailHandler: TaskHandler {
    /// What the task's data must have.
    public struct Payload: Decodable, Sendable {
        /// Whom it is for: one address.
        public let email: String
        /// The person's name, for the greeting and the header.
        public let name: String?
        /// What it is about.
        public let subject: String?
        /// The text in place of ours, greeting included.
        public let text: String?
    }

    /// `CONTACT_EMAIL`.
    public static let taskName = "CONTACT_EMAIL"

    private let mailer: Mailer

    /// Creates a handler that sends by these settings.
    public init(settings: MailSettings) { mailer = Mailer(settings: settings) }

    /// Sends the message.
    ///
    /// - Throws: `PermanentFailure` for an address or a subject that cannot stand in an e-mail, or where the mail system
    ///   refuses for good; any other error is a failed attempt.
    public func perform(_ payload: Payload, in context: TaskContext) async throws {
        let text = """
            \(Greeting.text(for: payload.name))

            thank you for getting in touch with us. Your message has arrived, and we
            will answer as soon as we can. There is nothing more you need to do.

            Kind regards
            """
        try await mailer.send(
            to: payload.email,
            named: payload.name,
            subject: payload.subject ?? "We have received your message",
            text: payload.text ?? text,
            for: context
        )
    }
}

/// How a letter begins.
enum Greeting {
    /// `Hello John Doe,`; without a name just `Hello,`.
    static func text(for name: String?) -> String {
        let name = EmailAddress.trim(name ?? "")
        return name.isEmpty ? "Hello," : "Hello \(name),"
    }
}
