/// One e-mail address, strict enough to be put into a header and passed to a mail system: `john@doe.com`.
///
/// It accepts the common form of RFC 5321: a dot-atom, `@`, a host name. It refuses quoted local parts, comments,
/// address literals, groups, and addresses that need SMTPUTF8. A domain beyond ASCII is refused with the advice to
/// write its ASCII form, because IDNA needs tables that would have to be kept up to date.
public struct EmailAddress: Sendable, Hashable, CustomStringConvertible {
    /// Why a text is no address.
    ///
    /// The text itself is not repeated, because it is personal data.
    public struct Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        /// The reason, as the rest of a sentence that begins with "the address".
        public let description: String

        init(_ reason: String) { description = reason }
    }

    /// The address.
    public let description: String

    /// The host name behind the `@`.
    public var domain: Substring { description[description.index(after: separator)...] }

    private var separator: String.Index { description.lastIndex(of: "@") ?? description.startIndex }

    /// Reads an address.
    ///
    /// - Parameter text: The address and nothing else; white space at its ends is dropped.
    /// - Throws: ``Invalid`` with the reason.
    public init(_ text: String) throws(Invalid) {
        let text = Self.trim(text)
        guard !text.isEmpty else { throw Invalid("is empty") }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw Invalid(parts.count < 2 ? "has no \"@\"" : "has more than one \"@\"") }
        guard text.utf8.count <= 254 else { throw Invalid("has more than 254 characters") }
        try Self.check(localPart: parts[0])
        try Self.check(domain: parts[1])
        description = text
    }

    private static func check(localPart: Substring) throws(Invalid) {
        guard !localPart.isEmpty else { throw Invalid("has nothing before the \"@\"") }
        guard localPart.utf8.count <= 64 else { throw Invalid("has more than 64 characters before the \"@\"") }
        guard localPart.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw Invalid("has letters beyond ASCII before the \"@\", which many mail systems cannot deliver")
        }
        let others = Set("!#$%&'*+-/=?^_`{|}~.".utf8)
        guard localPart.utf8.allSatisfy({ isAlphanumeric($0) || others.contains($0) }) else {
            throw Invalid("has a character before the \"@\" that is not allowed there")
        }
        // "|…", "/…" and "-…" are commands, files and options for some mail systems.
        guard let first = localPart.utf8.first, isAlphanumeric(first) || first == UInt8(ascii: "_") else {
            throw Invalid("does not begin with a letter or digit")
        }
        guard !localPart.hasSuffix("."), !localPart.contains("..") else { throw Invalid("has a dot in a wrong place") }
    }

    private static func check(domain: Substring) throws(Invalid) {
        guard domain.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw Invalid("has a domain beyond ASCII; write its ASCII form, which begins with xn--")
        }
        let labels = domain.split(separator: ".", omittingEmptySubsequences: false)
        let isHostName = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
        guard isHostName, domain.utf8.count <= 253 else { throw Invalid("has a domain that is no host name") }
        guard let last = labels.last, !last.allSatisfy(\.isNumber) else {
            throw Invalid("has a domain that is a number")
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    static func trim(_ text: String) -> String {
        // Blanks only: a line break at the end is no typing error but an attempt at a second header.
        let blanks: Set<Character> = [" ", "\t"]
        guard let end = text.lastIndex(where: { !blanks.contains($0) }) else { return "" }
        return String(text[...end].drop { blanks.contains($0) })
    }
}

/// An address with the name of its owner: `John Doe <john@doe.com>`.
public struct Mailbox: Sendable, Hashable {
    /// The name in readable form, or nil for none.
    public let name: String?
    /// The address.
    public let address: EmailAddress

    /// Creates a mailbox from its parts; a blank name counts as none.
    public init(name: String? = nil, address: EmailAddress) {
        self.name = name.map(EmailAddress.trim).flatMap { $0.isEmpty ? nil : $0 }
        self.address = address
    }

    /// Reads `john@doe.com`, `John Doe <john@doe.com>` or `"Doe, John" <john@doe.com>`.
    ///
    /// - Parameter text: The mailbox as the settings have it.
    /// - Throws: ``EmailAddress/Invalid`` with the reason.
    public init(_ text: String) throws(EmailAddress.Invalid) {
        let text = EmailAddress.trim(text)
        guard text.hasSuffix(">"), let begin = text.lastIndex(of: "<") else {
            self.init(address: try EmailAddress(text))
            return
        }
        var name = EmailAddress.trim(String(text[..<begin]))
        if name.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") { name = String(name.dropFirst().dropLast()) }
        self.init(name: name, address: try EmailAddress(String(text[text.index(after: begin)...].dropLast())))
    }
}
