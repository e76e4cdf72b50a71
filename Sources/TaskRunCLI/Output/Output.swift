import Logging
import Platform
import Synchronization
import SystemPackage

/// stdout: the answer.
struct Output: Sendable {
    /// What can be shown there.
    let terminal: Terminal

    /// Writes lines.
    ///
    /// - Throws: Errno if there is no reader any more, or the disk is full.
    func write(_ lines: [String]) throws(Errno) {
        guard !lines.isEmpty else { return }
        try Self.write(lines.joined(separator: "\n") + "\n", to: .standardOutput)
    }

    /// Writes a line.
    func write(_ line: String) throws(Errno) { try write([line]) }

    /// Writes bytes as they are.
    func write(bytes: [UInt8]) throws(Errno) {
        do {
            try FileDescriptor.standardOutput.writeAll(bytes)
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    /// Writes one JSON object a line.
    func write(_ values: [JSONValue]) throws(Errno) { try write(values.map(\.line)) }

    fileprivate static func write(_ text: String, to descriptor: FileDescriptor) throws(Errno) {
        do {
            try descriptor.writeAll(text.utf8)
        } catch {
            throw error as? Errno ?? .ioError
        }
    }
}

/// stderr: the log, and on a terminal what happens while it happens, with a progress line at the bottom.
///
/// A class because the progress line on the screen is state that all writers share: it is cleared before each line and
/// drawn again after it.
final class Screen: Sendable {
    /// What can be shown there.
    let terminal: Terminal
    private let progress = Mutex("")
    /// Who writes, if each line is a JSON object, or nil if lines are for people.
    private let writer = Mutex<String?>(nil)

    init(terminal: Terminal) { self.terminal = terminal }

    /// Writes JSON objects from now on, in the name of this run.
    func writeObjects(of run: String) { writer.withLock { $0 = run } }

    /// Whether each line is a JSON object.
    var isJSON: Bool { writer.withLock { $0 != nil } }

    /// Writes a line of the log as a JSON object.
    func write(_ record: LogRecord) {
        let run = writer.withLock { $0 } ?? ""
        try? Output.write(record.json(run: run).line + "\n", to: .standardError)
    }

    /// Writes lines above the progress line, and perhaps replaces that.
    ///
    /// Errors are ignored: there is nowhere to report that stderr cannot be written.
    ///
    /// - Parameters:
    ///   - lines: The lines.
    ///   - next: The new progress line, shown only where a line can be redrawn; empty for none, nil to keep the present
    ///     one.
    ///   - level: How much they matter, for lines that are JSON objects; there is no progress line then.
    func write(_ lines: [String], progress next: String? = nil, level: Logger.Level = .warning) {
        guard !isJSON else {
            for line in lines { write(LogRecord(time: Date(), level: level, message: line)) }
            return
        }
        progress.withLock { progress in
            let erase = progress.isEmpty ? "" : "\r\u{1b}[K"
            let isNew = next.map { $0 != progress } ?? false
            if terminal.canRedraw, let width = terminal.width, let next { progress = next.cut(toWidth: width - 1) }
            guard !lines.isEmpty || (isNew && terminal.canRedraw) else { return }
            try? Output.write(erase + lines.map { $0 + "\n" }.joined() + progress, to: .standardError)
        }
    }

    /// Writes a line above the progress line.
    func write(_ line: String) { write([line]) }
}
