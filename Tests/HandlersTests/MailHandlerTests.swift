import Foundation
import TaskRun
import Testing

@testable import Handlers

@Suite("CONTACT_EMAIL and INVITATION_EMAIL")
struct MailHandlerTests {
    private func handler(_ name: String, _ settings: MailSettings) throws -> any Handler {
        try #require(try HandlerRegistry(AllHandlers.all(settings: settings))[name])
    }

    private func outbox(_ place: Place) -> MailSettings {
        MailSettings(outbox: "\(place.path)/outbox", from: "Shop <shop@example.org>")
    }

    /// Settings with a sendmail that keeps what it gets, and then runs this script.
    private func sendmail(_ script: String, in place: Place) throws -> MailSettings {
        let program = try place.write(
            "#!/bin/sh\necho \"$*\" > '\(place.path)/arguments'\ncat > '\(place.path)/message'\n\(script)\n",
            to: "sendmail",
            mode: 0o755
        )
        return MailSettings(sendmail: program, from: "Shop <shop@example.org>")
    }

    @Test("both are in the list, as Swift handlers")
    func list() throws {
        let registry = try HandlerRegistry(AllHandlers.all(settings: MailSettings()))
        #expect(registry.names == ["CONTACT_EMAIL", "INVITATION_EMAIL"])
        #expect(registry.all.allSatisfy { $0.kind == .swift })
    }

    @Test(
        "an address alone makes a good message",
        arguments: [
            ("CONTACT_EMAIL", "We have received your message", "Your message has arrived"),
            ("INVITATION_EMAIL", "You are invited", "invited"),
        ]
    )
    func addressAlone(name: String, subject: String, words: String) async throws {
        try await withPlace { place in
            let task = task(#"{"email":"john@doe.com"}"#, id: 3, name: name)
            #expect(await (try handler(name, outbox(place)).perform(task)) == .succeeded())
            let text = try #require(place.text(of: "outbox/3.eml"))
            #expect(text.contains("\r\nTo: john@doe.com\r\nSubject: \(subject)\r\n") && text.contains(words))
            #expect(text.contains("\r\n\r\nHello,\r\n\r\n") && text.hasSuffix("Kind regards\r\n"))
            #expect(text.hasPrefix("From: \"Shop\" <shop@example.org>\r\n"))
        }
    }

    @Test("a sendmail that others may change is not started, and named")
    func foreignSendmail() async throws {
        try await withPlace { place in
            let settings = try sendmail("exit 0", in: place)
            let mail = task(#"{"email":"john@doe.com"}"#, id: 1, name: "CONTACT_EMAIL")
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: settings.sendmail)
            let outcome = await (try handler("CONTACT_EMAIL", settings).perform(mail))
            #expect(outcome.obstacle == .handler && outcome.error?.contains("by everyone on this machine") == true)
            #expect(!place.has("message"))
            #expect(settings.findings().map(\.level) == [.error])
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: settings.sendmail)
            #expect(await (try handler("CONTACT_EMAIL", settings).perform(mail)) == .succeeded())
        }
    }

    @Test("names, subjects and texts of any language are used")
    func everything() async throws {
        try await withPlace { place in
            let contact = try handler("CONTACT_EMAIL", outbox(place))
            let full = #"{"email":"john@doe.com","name":"Jörg","subject":"Danke","text":"Grüße\nzwei","more":1}"#
            #expect(await contact.perform(task(full, id: 1)) == .succeeded())
            let text = try #require(place.text(of: "outbox/1.eml"))
            #expect(text.contains("To: =?UTF-8?B?SsO2cmc=?= <john@doe.com>\r\nSubject: Danke\r\n"))
            #expect(text.hasSuffix("\r\n\r\nGr=C3=BC=C3=9Fe\r\nzwei\r\n"))
            let invitation = try handler("INVITATION_EMAIL", outbox(place))
            let invite = #"{"email":"john@doe.com","inviter":"Ada","link":"https://example.org/?a=1&b=2"}"#
            #expect(await invitation.perform(task(invite, id: 2)) == .succeeded())
            let invited = try #require(place.text(of: "outbox/2.eml"))
            #expect(
                invited.contains("Subject: Ada invites you\r\n")
                    && invited.contains("https://example.org/?a=3D1&b=3D2\r\n")
            )
        }
    }

    @Test(
        "data that make no message are a permanent failure with its reason",
        arguments: [
            ("{}", "\"email\" is missing"), ("[]", "does not fit"), ("not JSON", "does not fit"),
            (#"{"email":null}"#, "email"),
            (#"{"email":7}"#, "email"), (#"{"email":""}"#, "is empty"), (#"{"email":"john"}"#, "has no \"@\""),
            (#"{"email":"a@b.de, c@d.de"}"#, "more than one \"@\""), (#"{"email":"a@b.de\r\nBcc: c@d.de"}"#, "\"@\""),
            (#"{"email":"a@b.de","subject":"x\r\nBcc: c@d.de"}"#, "Subject of the e-mail has a line break"),
            (#"{"email":"a@b.de","name":"x\nBcc: c@d.de"}"#, "To of the e-mail has a line break"),
        ]
    )
    func badData(data: String, reason: String) async throws {
        try await withPlace { place in
            for name in ["CONTACT_EMAIL", "INVITATION_EMAIL"] {
                let outcome = await (try handler(name, outbox(place))).perform(task(data, name: name))
                #expect(outcome.isPermanent && outcome.error?.contains(reason) == true, "\(outcome)")
            }
            #expect(!place.has("outbox"))
        }
    }

    @Test("the outbox is for this user alone, and a second attempt replaces the first one's file")
    func outboxFiles() async throws {
        try await withPlace { place in
            let handler = try handler("CONTACT_EMAIL", outbox(place))
            for attempt in 1...3 {
                #expect(await handler.perform(task(#"{"email":"a@b.de"}"#, id: 9, attempt: attempt)) == .succeeded())
            }
            #expect(try place.names(in: "outbox") == ["9.eml"])
            let file = try FileManager.default.attributesOfItem(atPath: "\(place.path)/outbox/9.eml")
            let folder = try FileManager.default.attributesOfItem(atPath: "\(place.path)/outbox")
            #expect(file[.posixPermissions] as? Int == 0o600 && folder[.posixPermissions] as? Int == 0o700)
        }
    }

    @Test("where the outbox cannot be written the attempt has not begun, and the setting is named")
    func badOutbox() async throws {
        try await withPlace { place in
            try place.write("", to: "file")
            for folder in ["\(place.path)/file", "\(place.path)/missing/outbox"] {
                let handler = try handler("CONTACT_EMAIL", MailSettings(outbox: folder))
                let outcome = await handler.perform(task(#"{"email":"a@b.de"}"#))
                #expect(outcome.error?.contains("mail.outbox") == true && !outcome.isPermanent)
            }
        }
    }

    @Test("sendmail gets the message, with the line ends of this system, and -t -i")
    func sendmailGetsIt() async throws {
        try await withPlace { place in
            let handler = try handler("CONTACT_EMAIL", sendmail("exit 0", in: place))
            #expect(await handler.perform(task(#"{"email":"john@doe.com"}"#)) == .succeeded())
            #expect(place.text(of: "arguments") == "-t -i\n")
            let message = try #require(place.text(of: "message"))
            #expect(
                message.hasPrefix("From: \"Shop\" <shop@example.org>\nTo: john@doe.com\n")
                    && !message.utf8.contains(0x0d)
            )
        }
    }

    @Test(
        "sendmail's exit status decides",
        arguments: [
            ("echo unknown user >&2; exit 67", true, "permanently, exit status 67: unknown user"),
            ("exit 65", true, "permanently, exit status 65"),
            ("exit 68", true, "permanently, exit status 68"),
            ("echo queue full; exit 75", false, "cannot take the message now, exit status 75: queue full"),
            ("exit 78", false, "did not take the message, exit status 78"),
            ("exit 1", false, "did not take the message, exit status 1"),
            ("kill -KILL $$", false, "was killed by signal 9 (SIGKILL)"),
        ]
    )
    func sendmailRefuses(script: String, isPermanent: Bool, words: String) async throws {
        try await withPlace { place in
            let handler = try handler("CONTACT_EMAIL", sendmail(script, in: place))
            let outcome = await handler.perform(task(#"{"email":"john@doe.com"}"#))
            #expect(outcome.isPermanent == isPermanent && outcome.error?.contains(words) == true, "\(outcome)")
        }
    }

    @Test("with a missing sendmail the attempt has not begun, and the settings are named")
    func noSendmail() async throws {
        try await withPlace { place in
            let handler = try handler("CONTACT_EMAIL", MailSettings(sendmail: "\(place.path)/missing"))
            let outcome = await handler.perform(task(#"{"email":"john@doe.com"}"#))
            #expect(outcome.error?.contains("mail.outbox") == true && outcome.error?.contains("mail.sendmail") == true)
            #expect(!outcome.isPermanent)
        }
    }

    @Test("a sendmail that hangs is stopped with the task")
    func cancelled() async throws {
        try await withPlace { place in
            let handler = try handler(
                "CONTACT_EMAIL",
                sendmail("touch '\(place.path)/begun'; exec sleep 600", in: place)
            )
            let attempt = Task { await handler.perform(task(#"{"email":"john@doe.com"}"#)) }
            #expect(try await eventually { place.has("begun") })
            attempt.cancel()
            #expect(await attempt.value == .stopped)
        }
    }

    @Test("a sender that is no address is a failed attempt, since the setting can be set right")
    func badSender() async throws {
        let handler = try handler("CONTACT_EMAIL", MailSettings(outbox: "/nowhere", from: "Shop"))
        let outcome = await handler.perform(task(#"{"email":"john@doe.com"}"#))
        #expect(outcome == .failed(error: "the address in the setting mail.from has no \"@\"."))
    }

    @Test("settings that cannot work are found")
    func findings() async throws {
        try await withPlace { place in
            #expect(outbox(place).findings() == [])
            #expect(try sendmail("", in: place).findings() == [])
            #expect(MailSettings(sendmail: "\(place.path)/missing").findings().map(\.level) == [.warning])
            #expect(MailSettings(outbox: place.path, from: "Shop").findings().map(\.level) == [.error])
            let file = try place.write("", to: "file")
            #expect(MailSettings(outbox: file).findings().map(\.level) == [.error])
        }
    }
}
