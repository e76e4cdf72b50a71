public import TaskRun

/// `INVITATION_EMAIL`: invites somebody.
///
/// `{"email": "john@doe.com"}` is enough; `name`, `inviter`, `link`, `subject` and `text` say more, or something else.
public struct InvitationEmailHandler: TaskHandler {
    /// What the task's data must have.
    public struct Payload: Decodable, Sendable {
        /// Whom it is for: one address.
        public let email: String
        /// The person's name, for the greeting and the header.
        public let name: String?
        /// Who invites.
        public let inviter: String?
        /// Where to accept: an address of the web.
        public let link: String?
        /// What it is about.
        public let subject: String?
        /// The text in place of ours, greeting included.
        public let text: String?
    }

    /// `INVITATION_EMAIL`.
    public static let taskName = "INVITATION_EMAIL"

    private let mailer: Mailer

    /// Creates a handler that sends by these settings.
    public init(settings: MailSettings) { mailer = Mailer(settings: settings) }

    /// Sends the message.
    ///
    /// - Throws: `PermanentFailure` for an address or a subject that cannot stand in an e-mail, or where the mail system
    ///   refuses for good; any other error is a failed attempt.
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
