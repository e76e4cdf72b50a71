public import TaskRun

/// `INVITATION_EMAIL`: invites a person.
///
/// `{"email": "john@doe.com"}` is enough; `name`, `inviter` and `link` add to the default texts, `subject` and `text`
/// replace them.
public struct InvitationEmailHandler: TaskHandler {
    /// The content of the task's data.
    public struct Payload: Decodable, Sendable {
        /// The recipient: one address.
        public let email: String
        /// The person's name, for the greeting and the header.
        public let name: String?
        /// Who invites.
        public let inviter: String?
        /// Where to accept: a web address.
        public let link: String?
        /// The subject.
        public let subject: String?
        /// The whole text, greeting included, in place of the default.
        public let text: String?
    }

    /// `INVITATION_EMAIL`.
    public static let taskName = "INVITATION_EMAIL"

    private let mailer: Mailer

    /// Creates a handler that sends with these settings.
    public init(settings: MailSettings) { mailer = Mailer(settings: settings) }

    /// Sends the message.
    ///
    /// - Throws: `PermanentFailure` for an address or a subject that cannot be put into an e-mail, or if the mail
    ///   system refuses for good; any other error is a failed attempt.
    public func perform(_ payload: Payload, in context: TaskContext) async throws {
        let inviter = payload.inviter.map(EmailAddress.trim).flatMap { $0.isEmpty ? nil : $0 }
        let invitation = inviter.map { "\($0) has invited you to join." } ?? "you have been invited to join us."
        let link = payload.link.map { "To accept, open this link:\n\n\($0)" } ?? "To accept, answer this message."
        let text = """
            \(Greeting.text(for: payload.name))

            \(invitation)

            \(link)

            If you did not expect this, there is nothing you need to do.

            Kind regards
            """
        try await mailer.send(
            to: payload.email,
            named: payload.name,
            subject: payload.subject ?? inviter.map { "\($0) invites you" } ?? "You are invited",
            text: payload.text ?? text,
            for: context
        )
    }
}
