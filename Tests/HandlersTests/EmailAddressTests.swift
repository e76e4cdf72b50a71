import Testing

@testable import Handlers

@Suite("Which texts are e-mail addresses")
struct EmailAddressTests {
    @Test(
        "common addresses are taken as they are",
        arguments: [
            "john@doe.com", "John.Doe+tag@Example.CO.UK", "o'brien@example.org", "_x@example.org", "1@2.example",
            "root@localhost",
            "a@xn--mnchen-3ya.de", "a-b_c=d@sub-domain.example.org", String(repeating: "a", count: 64) + "@example.org",
        ]
    )
    func accepted(text: String) throws {
        #expect(try EmailAddress(text).description == text)
        #expect(try EmailAddress(" \(text)\t").description == text)
    }

    @Test(
        "anything that is not one plain address is refused, without repeating it",
        arguments: [
            "", " ", "john", "@", "john@", "@doe.com", "a@b@c", "a@b,c@d", "a@b.com, c@d.com", "a@b.com;c@d.com",
            "a b@c.de", "a@b c.de",
            "<a@b.de>", "John <a@b.de>", "a@b.de>", "\"a b\"@c.de", "(c)a@b.de", "a@b.de\r\nBcc: x@y.z", "a@b.de\n",
            "a\r@b.de", "a\0@b.de",
            "a@b.de\u{0}", "a@b.de\u{85}", "a@\u{2028}b.de", ".a@b.de", "a.@b.de", "a..b@c.de", "-a@b.de", "|cmd@b.de",
            "/etc/x@b.de",
            "a@-b.de", "a@b-.de", "a@b..de", "a@.de", "a@b.de.", "a@[127.0.0.1]", "a@127.0.0.1", "a@b_c.de", "ä@b.de",
            "a@münchen.de",
            "a\\@b.de", "a:b@c.de", "a[b@c.de",
            String(repeating: "a", count: 65) + "@b.de", "a@" + String(repeating: "b", count: 64) + ".de",
            "a@" + String(repeating: "b.", count: 130) + "de",
        ]
    )
    func refused(text: String) {
        let error = #expect(throws: EmailAddress.Invalid.self) { try EmailAddress(text) }
        #expect(text.count < 3 || error?.description.contains(text) == false)
    }

    @Test("a domain beyond ASCII is refused with the advice to write its ASCII form")
    func internationalDomain() {
        let error = #expect(throws: EmailAddress.Invalid.self) { try EmailAddress("a@münchen.de") }
        #expect(error?.description.contains("xn--") == true)
    }

    @Test(
        "a mailbox is an address, with or without a name",
        arguments: [
            ("shop@example.org", nil), ("Shop <shop@example.org>", "Shop"), ("<shop@example.org>", nil),
            ("\"Shop, The\" <shop@example.org>", "Shop, The"), ("Lädchen Ü <shop@example.org>", "Lädchen Ü"),
        ]
    )
    func mailbox(text: String, name: String?) throws {
        let mailbox = try Mailbox(text)
        #expect(mailbox.name == name && mailbox.address.description == "shop@example.org")
    }

    @Test(
        "a mailbox that has none is refused",
        arguments: ["", "Shop", "Shop <>", "Shop <a@b.de> x", "Shop <a@b.de", "a@b.de, c@d.de"]
    )
    func noMailbox(text: String) {
        #expect(throws: EmailAddress.Invalid.self) { try Mailbox(text) }
    }
}
