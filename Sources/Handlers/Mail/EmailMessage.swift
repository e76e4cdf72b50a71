public import Platform
import Text

/// A plain-text e-mail, as a pure value that can render itself.
public struct EmailMessage: Sendable, Equatable {
    /// The sender.
    public var from: Mailbox
    /// The recipient.
    public var to: Mailbox
    /// The subject, in any language.
    public var subject: String
    /// The text, in any language, with line breaks of any system.
    public var text: String
    /// What distinguishes it from other messages, and goes into its Message-ID: a task's `id`, for example.
    ///
    /// A second attempt with the same key, recipient, subject and text has the same Message-ID.
    public var key: String

    /// Creates a message from its parts.
    public init(from: Mailbox, to: Mailbox, subject: String, text: String, key: String) {
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.key = key
    }

    /// Why a message cannot be rendered: a header's value has a line break or another control character.
    public struct Unsafe: Error, Sendable, Equatable, CustomStringConvertible {
        /// The field's name: `Subject`.
        public let field: String

        /// The error text; without the value, because it is personal data.
        public var description: String {
            "the \(field) of the e-mail has a line break or another control character in it"
        }
    }

    /// The message in the form of RFC 5322: lines ended by CRLF, headers folded, text in quoted-printable UTF-8.
    ///
    /// - Parameter date: The moment that goes into the field `Date`.
    /// - Returns: ASCII, no line longer than 998 characters.
    /// - Throws: ``Unsafe`` if a value could begin a header of its own.
    public func render(date: Date) throws(Unsafe) -> String {
        let fields: [HeaderField]
        do throws(HeaderField.Unsafe) {
            fields = [
                try HeaderField("From", mailbox: from),
                try HeaderField("To", mailbox: to),
                try HeaderField("Subject", text: subject),
                HeaderField("Date", plain: Self.format(date)),
                HeaderField("Message-ID", plain: messageID),
                HeaderField("MIME-Version", plain: "1.0"),
                HeaderField("Content-Type", plain: "text/plain; charset=UTF-8"),
                HeaderField("Content-Transfer-Encoding", plain: "quoted-printable"),
                // RFC 3834: answering machines must not answer.
                HeaderField("Auto-Submitted", plain: "auto-generated"),
            ]
        } catch {
            throw Unsafe(field: error.field)
        }
        return fields.map(\.text).joined() + "\r\n" + QuotedPrintable.encode(text)
    }

    /// `<CONTACT_EMAIL.7.9f86d081884c7d65@example.org>`: the key, and a hash of the recipient and the text.
    ///
    /// The hash distinguishes the tasks 7 of two databases, which some mail systems would take for one message.
    public var messageID: String {
        let content = [to.address.description, subject, text].joined(separator: "\0")
        let hash = FNV1a.hash(content.utf8)
        let safeKey = String(
            key.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "_" || $0 == "-") ? $0 : "-" }
        )
        return "<\(safeKey.prefix(100)).\(String(hash, radix: 16))@\(from.address.domain)>"
    }

    /// `Sat, 21 Nov 2026 10:02:37 +0000`, RFC 5322 3.3.
    static func format(_ date: Date) -> String {
        let moment = CivilMoment(Int(date.timeIntervalSince1970.rounded(.down)), parts: 1)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let day = "\(CivilMoment.pad(moment.day, 2)) \(months[moment.month - 1]) \(moment.year)"
        return "\(days[moment.weekday]), \(day) \(moment.clock) +0000"
    }
}
