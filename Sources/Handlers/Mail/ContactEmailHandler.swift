public import TaskRun

/// `CONTACT_EMAIL`: confirms to a person who wrote to us that the message has arrived.
///
/// `{"email": "john@doe.com"}` is enough; `name`, `subject` and `text` replace the default texts.
public struct ContactEmailHandler: TaskHandler {
    /// The content of the task's data.
    public struct Payload: Decodable, Sendable {
        /// The recipient: one address.
        public let email: String
        /// The person's name, for the greeting and the header.
        public let name: String?
        /// The subject.
        public let subject: String?
        /// The whole text, greeting included, in place of the default.
        public let text: String?
    }

    /// `CONTACT_EMAIL`.
    public static let taskName = "CONTACT_EMAIL"

    private let mailer: Mailer

    /// Creates a handler that sends with these settings.
    public init(settings: MailSettings) { mailer = Mailer(settings: settings) }

    /// Sends the message.
    ///
    /// - Throws: `PermanentFailure` for an address or a subject that cannot be put into an e-mail, or if the mail
    ///   system refuses for good; any other error is a failed attempt.
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

/// The greeting of a letter.
enum Greeting {
    /// `Hello John Doe,`, or just `Hello,` without a name.
    static func text(for name: String?) -> String {
        let name = EmailAddress.trim(name ?? "")
        return name.isEmpty ? "Hello," : "Hello \(name),"
    }
}
