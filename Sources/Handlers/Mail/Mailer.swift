import Platform
import SystemPackage
import TaskRun

/// Passes a message to the system's sendmail, or writes it into the outbox folder.
struct Mailer: Sendable {
    /// A message that was not sent this time.
    struct Failure: Error, Sendable, CustomStringConvertible {
        let description: String
    }

    static let adviceWithoutProgram =
        "Install a mail system, set mail.sendmail to the program's path, or set mail.outbox to a folder for .eml files."

    let settings: MailSettings

    /// Sends a message.
    ///
    /// - Throws: `PermanentFailure` for a message that no attempt can deliver, `NotBegun` if it surely was not sent
    ///   because sendmail or the outbox is out of reach, ``Failure`` for any other error, `CancellationError`.
    func send(
        to recipient: String,
        named name: String?,
        subject: String,
        text: String,
        for task: TaskContext
    ) async throws {
        let message = EmailMessage(
            from: try sender(),
            to: Mailbox(name: name, address: try address(recipient)),
            subject: subject,
            text: text,
            key: "\(task.taskName).\(task.taskID)"
        )
        let rendered: String
        do {
            rendered = try message.render(date: Date())
        } catch {
            throw PermanentFailure("\(error).")
        }
        if let outbox = settings.outbox {
            try await Outbox(folder: outbox).store(rendered, as: "\(task.taskID).eml")
        } else {
            try await handOver(rendered)
        }
    }

    private func sender() throws -> Mailbox {
        do {
            return try Mailbox(settings.from)
        } catch {
            throw Failure(description: "the address in the setting mail.from \(error).")
        }
    }

    private func address(_ text: String) throws -> EmailAddress {
        do {
            return try EmailAddress(text)
        } catch {
            throw PermanentFailure("the address in \"email\" \(error).")
        }
    }

    /// Runs `sendmail -t -i`: the recipients come from the headers, and a line with one dot does not end the message.
    private func handOver(_ message: String) async throws {
        let path = Files.absolute(settings.sendmail)
        if let fault = settings.refusal { throw NotBegun(.handler, "\(fault.found). \(fault.advice)") }
        let standard = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        let program = ChildProcess(
            program: Program(
                path: path,
                arguments: ["-t", "-i"],
                environment: standard.merging(settings.environment) { $1 },
                workingDirectory: "/"
            ),
            killAfter: .seconds(10),
            outputLimit: 4_096
        )
        // sendmail(8) reads lines with a line feed and makes CRLF of them itself; the message has no other CR.
        let input = message.utf8.filter { $0 != UInt8(ascii: "\r") }
        let end: ChildProcess.End
        do {
            end = try await program.run(input: input)
        } catch {
            try Task.checkCancellation()
            let why = SpawnFailure.notBegun(error, path: path.string, workingDirectory: "/")
            throw NotBegun(why.cause, "\(why.reason) \(Self.adviceWithoutProgram)")
        }
        if case .exited(0) = end.status { return }
        try Task.checkCancellation()
        throw Self.failure(of: end, path: path.string)
    }

    /// EX_DATAERR, EX_NOUSER and EX_NOHOST of sysexits.h blame the message; all others may pass or can be repaired.
    static func failure(of end: ChildProcess.End, path: String) -> any Error {
        let said = end.errors.text.isEmpty ? end.output.text : end.errors.text
        let words = said.isEmpty ? "" : ": \(said)"
        switch end.status {
        case .exited(let status) where [65, 67, 68].contains(status):
            return PermanentFailure("\(path) refused the message permanently, exit status \(status)\(words)")
        case .exited(75):
            return Failure(description: "\(path) cannot take the message now, exit status 75\(words)")
        case .exited(let status):
            return Failure(description: "\(path) did not take the message, exit status \(status)\(words)")
        case .signaled(let number):
            return Failure(description: "\(path) was killed by \(Signals.describe(number))\(words)")
        case .killedForSignal:
            return Failure(description: "\(path): \(ExitMeaning.sentSignal)\(words)")
        }
    }
}
