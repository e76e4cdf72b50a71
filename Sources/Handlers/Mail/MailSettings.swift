import Platform
public import TaskRun

/// How e-mails are sent: the settings under `mail`.
public struct MailSettings: Sendable, Equatable {
    /// `mail.outbox`: a folder into which messages are written as `.eml` instead of being sent, or nil to send them.
    public var outbox: String?
    /// `mail.sendmail`: the program that reads a message from stdin; default `/usr/sbin/sendmail`.
    public var sendmail: String
    /// `mail.from`: the sender, `Shop <shop@example.org>`; default `taskrun@localhost`.
    public var from: String
    /// The environment of sendmail; if empty, a PATH and nothing else.
    ///
    /// Give it ``ExecutableSettings/environment`` and `TASKRUN_RUN`, so that ``LeftoverProcesses`` finds it as well.
    public var environment: [String: String]

    /// Creates settings.
    public init(
        outbox: String? = nil,
        sendmail: String = "/usr/sbin/sendmail",
        from: String = "taskrun@localhost",
        environment: [String: String] = [:]
    ) {
        self.outbox = outbox
        self.sendmail = sendmail
        self.from = from
        self.environment = environment
    }

    /// Why the program that sends is not used: others may change it.
    var refusal: (found: String, advice: String)? {
        var trust = PathTrust()
        return trust.fault(of: sendmail).map { ($0.sentence("the program of mail.sendmail,", sendmail), $0.advice) }
    }

    /// The findings of `taskrun check` about these settings: an invalid address, a missing program.
    public func findings() -> [Finding] {
        var findings: [Finding] = []
        do {
            _ = try Mailbox(from)
        } catch {
            let found = "the address in mail.from \(error)"
            findings.append(Finding(.error, "mail", found, advice: "Set it to a form like Shop <shop@example.org>."))
        }
        if let outbox {
            if let status = try? FileStatus(path: outbox), status.kind != .folder || access(outbox, W_OK) != 0 {
                let found = "mail.outbox \(outbox) is not a folder that this user can write to"
                findings.append(Finding(.error, "mail", found, advice: "Name another folder, or change its owner."))
            }
        } else if let refusal {
            findings.append(Finding(.error, "mail", refusal.found, advice: refusal.advice))
        } else if (try? FileStatus(path: sendmail))?.isExecutable != true {
            let found = "there is no program \(sendmail) to send e-mails with"
            findings.append(Finding(.warning, "mail", found, advice: Mailer.adviceWithoutProgram))
        }
        return findings
    }
}
