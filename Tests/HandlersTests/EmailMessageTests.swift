import Foundation
import Testing

@testable import Handlers

@Suite("How e-mails are written down")
struct EmailMessageTests {
    private func message(name: String? = nil, subject: String = "Hello", text: String = "Hi.") throws -> EmailMessage {
        EmailMessage(
            from: try Mailbox("Shop <shop@example.org>"),
            to: Mailbox(name: name, address: try EmailAddress("john@doe.com")),
            subject: subject,
            text: text,
            key: "CONTACT_EMAIL.7"
        )
    }

    private func render(_ message: EmailMessage) throws -> String {
        try message.render(date: Date(timeIntervalSince1970: 1_325_376_000))
    }

    /// The unfolded value of a field.
    private func field(_ name: String, of text: String) throws -> String {
        let head = try #require(text.components(separatedBy: "\r\n\r\n").first)
        let lines = head.replacingOccurrences(of: "\r\n ", with: " ").components(separatedBy: "\r\n")
        let line = try #require(lines.first { $0.hasPrefix("\(name): ") })
        return String(line.dropFirst(name.count + 2))
    }

    /// Undoes RFC 2047: the words' bytes, put together, the space between two words dropped.
    private func decode(_ value: String) throws -> String {
        let words = value.components(separatedBy: " ")
        let bytes = try words.reduce(Data()) { bytes, word in
            #expect(word.hasPrefix("=?UTF-8?B?") && word.hasSuffix("?=") && word.count <= 75)
            return bytes + (try #require(Data(base64Encoded: String(word.dropFirst(10).dropLast(2)))))
        }
        return try #require(String(data: bytes, encoding: .utf8))
    }

    @Test("a simple message is simple")
    func simple() throws {
        let id = try message(name: "John Doe").messageID
        #expect(
            try render(message(name: "John Doe")) == """
                From: "Shop" <shop@example.org>\r
                To: "John Doe" <john@doe.com>\r
                Subject: Hello\r
                Date: Sun, 01 Jan 2012 00:00:00 +0000\r
                Message-ID: \(id)\r
                MIME-Version: 1.0\r
                Content-Type: text/plain; charset=UTF-8\r
                Content-Transfer-Encoding: quoted-printable\r
                Auto-Submitted: auto-generated\r
                \r
                Hi.\r

                """
        )
    }

    @Test(
        "a subject of any language and length comes out as it went in, in lines of at most 76",
        arguments: [
            "Grüße", "日本語の件名がここにあります。とても長いので折り返されます。", String(repeating: "é", count: 500),
            "😀👨‍👩‍👧‍👦" + String(repeating: "🇩🇪", count: 40),
            String(repeating: "long ", count: 60) + "end", String(repeating: "x", count: 200), "=?UTF-8?Q?faked?=",
            " begins with a blank", "ends with one ",
        ]
    )
    func subject(subject: String) throws {
        let text = try render(message(subject: subject))
        #expect(try decode(field("Subject", of: text)) == subject)
        #expect(
            text.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 76 && $0.utf8.allSatisfy { $0 < 0x80 } }
        )
    }

    @Test(
        "a short ASCII subject stays readable",
        arguments: ["Hello", "50% off: \"now\" <today>", String(repeating: "x", count: 67)]
    )
    func plainSubject(subject: String) throws {
        #expect(try field("Subject", of: render(message(subject: subject))) == subject)
    }

    @Test("an encoded word never ends within a character")
    func wholeCharacters() throws {
        for begin in 0..<6 {
            let subject = String(repeating: "a", count: begin) + String(repeating: "ü€😀", count: 30)
            for word in try field("Subject", of: render(message(subject: subject))).components(separatedBy: " ") {
                let bytes = try #require(Data(base64Encoded: String(word.dropFirst(10).dropLast(2))))
                #expect(String(data: bytes, encoding: .utf8) != nil)
            }
        }
    }

    @Test("names are quoted or encoded, and stay one mailbox")
    func names() throws {
        #expect(
            try field("To", of: render(message(name: "Doe, \"Jo\" \\ <x@y.z>")))
                == "\"Doe, \\\"Jo\\\" \\\\ <x@y.z>\" <john@doe.com>"
        )
        #expect(try field("To", of: render(message(name: nil))) == "john@doe.com")
        #expect(try field("To", of: render(message(name: "  "))) == "john@doe.com")
        for name in [
            "Jörg Müller", String(repeating: "Ж", count: 100), "=?x?=",
            String(repeating: "long name ", count: 12) + "x",
        ] {
            let text = try render(message(name: name))
            let value = try field("To", of: text)
            #expect(value.hasSuffix(" <john@doe.com>"))
            #expect(try decode(String(value.dropLast(" <john@doe.com>".count))) == name)
            #expect(text.components(separatedBy: "\r\n").allSatisfy { $0.utf8.count <= 76 })
        }
    }

    @Test(
        "no value can begin a header of its own",
        arguments: [
            "a\r\nBcc: x@y.z", "a\nBcc: x@y.z", "a\rBcc: x@y.z", "a\u{0}b", "a\u{7f}", "a\u{85}b", "a\u{2028}b",
            "a\u{2029}b", "\tb", "a\u{0b}b",
        ]
    )
    func injection(value: String) throws {
        let subject = try message(subject: value)
        #expect(throws: EmailMessage.Unsafe(field: "Subject")) { try render(subject) }
        let name = try message(name: "x" + value)
        #expect(throws: EmailMessage.Unsafe(field: "To")) { try render(name) }
        var sender = try message()
        sender.from = Mailbox(name: "x" + value, address: sender.from.address)
        #expect(throws: EmailMessage.Unsafe(field: "From")) { try render(sender) }
        var key = try message()
        key.key = value
        #expect(
            try render(key).components(separatedBy: "\r\n").count
                == render(message()).components(separatedBy: "\r\n").count
        )
    }

    @Test(
        "the text is quoted-printable UTF-8 with lines of at most 76",
        arguments: [
            ("", ""), ("a", "a\r\n"), ("a\n", "a\r\n"), ("a\r\nb\rc\nd", "a\r\nb\r\nc\r\nd\r\n"),
            ("ü = €", "=C3=BC =3D =E2=82=AC\r\n"),
            ("end \nend\t", "end=20\r\nend=09\r\n"), (".\n.x\nx.", "=2E\r\n=2Ex\r\nx.\r\n"),
            ("From me", "=46rom me\r\n"),
            ("a\u{0}\u{1b}b", "a=00=1Bb\r\n"), ("\n\na", "\r\n\r\na\r\n"),
            (String(repeating: "x", count: 76), String(repeating: "x", count: 76) + "\r\n"),
            (String(repeating: "x", count: 77), String(repeating: "x", count: 75) + "=\r\nxx\r\n"),
            (String(repeating: "x", count: 75) + ".", String(repeating: "x", count: 75) + ".\r\n"),
        ]
    )
    func quotedPrintable(text: String, expected: String) {
        #expect(QuotedPrintable.encode(text) == expected)
    }

    @Test("a text of any length and language comes out as it went in")
    func body() {
        for length in 60...90 {
            for unit in ["x", "ü", "😀", " ", "=", ".", "ab "] {
                let line = String(repeating: unit, count: length) + "|"
                let encoded = QuotedPrintable.encode(line)
                #expect(
                    encoded.components(separatedBy: "\r\n").allSatisfy {
                        $0.utf8.count <= 76 && !$0.hasSuffix(" ") && $0 != "."
                    }
                )
                var bytes: [UInt8] = []
                var rest = Array(encoded.replacingOccurrences(of: "=\r\n", with: "").utf8)[...]
                while let byte = rest.popFirst() {
                    let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                    if byte == UInt8(ascii: "="), let escaped = UInt8(digits, radix: 16) {
                        bytes.append(escaped)
                        rest = rest.dropFirst(2)
                    } else {
                        bytes.append(byte)
                    }
                }
                #expect(String(decoding: bytes, as: UTF8.self) == line + "\r\n")
            }
        }
    }

    @Test("a second attempt has the same Message-ID, another message has another")
    func messageID() throws {
        let first = try message()
        #expect(try first.messageID == message().messageID)
        #expect(first.messageID.hasPrefix("<CONTACT_EMAIL.7.") && first.messageID.hasSuffix("@example.org>"))
        #expect(try first.messageID != message(text: "Other.").messageID)
        var other = first
        other.key = "CONTACT_EMAIL.8"
        #expect(first.messageID != other.messageID)
        other.key = "ein Name mit\r\nÜ <x>"
        #expect(other.messageID.hasPrefix("<ein-Name-mit---") && !other.messageID.dropFirst().contains("<"))
    }

    @Test(
        "dates are written in the days and months of RFC 5322",
        arguments: [
            (0.0, "Thu, 01 Jan 1970 00:00:00 +0000"), (1_709_210_096, "Thu, 29 Feb 2024 12:34:56 +0000"),
            (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 +0000"),
        ]
    )
    func date(seconds: Double, expected: String) {
        #expect(EmailMessage.format(Date(timeIntervalSince1970: seconds)) == expected)
    }
}
