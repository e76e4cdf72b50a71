import Logging
import TaskRun

/// The stderr of a program: logged line by line, with the last part kept in case the program crashes.
///
/// It is limited for each task, so that a program that prints a gigabyte fills neither the log nor memory.
struct StreamErrors {
    /// The most lines that are logged for one task.
    static let lineLimit = 100
    /// The longest line that is logged whole, in bytes.
    static let lengthLimit = 2_000

    private var capture = Self.empty
    private var given = 0
    private var logged = 0
    private var rest: [UInt8] = []

    private static let empty = Capture(headLimit: 0, tailLimit: 6_144)

    /// What it wrote since it got its last task, or the end of it.
    var text: String { capture.text }

    /// Reads once; returns false if nothing more will come.
    mutating func read(from errors: Int32, through pipe: borrowing PipeBuffer, for desk: StreamProgram) -> Bool {
        let bytes: UnsafeRawBufferPointer
        switch pipe.read(errors) {
        case .bytes(let read): bytes = read
        case .nothing: return true
        case .end: return false
        }
        let (now, logger) = desk.with { ($0.given, $0.assignment?.task.context.logger) }
        if now != given { (given, logged, capture) = (now, 0, Self.empty) }
        capture.append(bytes)
        log(bytes, to: logger ?? desk.logger)
        return true
    }

    private mutating func log(_ bytes: UnsafeRawBufferPointer, to logger: Logger) {
        var start = 0
        while logged < Self.lineLimit, start < bytes.count {
            let part = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let end = part.firstIndex(of: UInt8(ascii: "\n"))
            rest.append(contentsOf: part[..<(end ?? part.count)].prefix(Self.lengthLimit - rest.count))
            guard let end else { return }
            logger.info("stderr: \(String(decoding: rest, as: UTF8.self))")
            rest = []
            start += end + 1
            logged += 1
            if logged == Self.lineLimit { logger.info("stderr: no more of it is logged for this task") }
        }
    }
}
