import TaskRun

/// What an executable wrote to the file named by `TASKRUN_OUTPUT`: lines `key=value`; the last line of a key counts.
///
/// The keys are `progress=3` or `progress=3/10`; `retry_after=120` (seconds), `90s`, `10m`, `2h`, `1d`; `note=` and a
/// text. Any number of lines may have `add=` and a task as JSON.
struct HandlerOutput: Sendable, Equatable {
    /// The progress.
    var progress: TaskContext.Progress?
    /// When to try again.
    var retryAfter: Duration?
    /// The note.
    var note: String?
    /// The follow-ups, as they were written; none if the file is not whole.
    var followUps: [[UInt8]] = []
    /// What was ignored, and why; at most ``remarkLimit``.
    var remarks: [String] = []

    /// The limit keeps a program that writes nonsense by the megabyte from filling the log.
    static let remarkLimit = 5
    /// Between this many bytes at the beginning and at the end, only follow-ups are read: of everything else the last
    /// line counts.
    static let textLimit = 1 << 20
    /// The longest note, in Unicode scalars.
    static let noteLimit = 500

    /// Reads the lines; those that make no sense are ignored and remarked on.
    ///
    /// - Parameters:
    ///   - bytes: The file's text.
    ///   - isWhole: Whether nothing more will come; otherwise a last line without its end is ignored.
    /// - Returns: What was understood, and remarks on the rest.
    static func parse(_ bytes: [UInt8], isWhole: Bool = true) -> HandlerOutput {
        let end = isWhole ? bytes.endIndex : (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? bytes.startIndex)
        var output = HandlerOutput()
        var start = bytes.startIndex
        // One after the other: there could be millions.
        while start < end {
            let stop = bytes[start..<end].firstIndex(of: UInt8(ascii: "\n")) ?? end
            let line = bytes[start..<stop]
            if line.starts(with: "add=".utf8) {
                output.follow(line.dropFirst(4), isWhole: isWhole)
            } else if start < textLimit || start >= end - textLimit {
                let text = trim(Substring(decoding: line, as: UTF8.self))
                if !text.isEmpty { output.take(text, isWhole: isWhole) }
            }
            start = stop + 1
        }
        return output
    }

    private mutating func follow(_ task: ArraySlice<UInt8>, isWhole: Bool) {
        // One too many is enough for a refusal.
        guard isWhole, followUps.count <= NewTask.mostFollowUps else { return }
        followUps.append(Array(task))
    }

    private mutating func take(_ line: Substring, isWhole: Bool) {
        // Scalars: an accent behind the sign belongs to the value.
        guard let separator = line.unicodeScalars.firstIndex(of: "=") else {
            return remark("a line without \"=\"")
        }
        let key = Self.trim(line[..<separator])
        let value = Self.trim(line[line.unicodeScalars.index(after: separator)...])
        switch key {
        case "add":
            follow(ArraySlice(value.utf8), isWhole: isWhole)
        case "progress":
            guard let read = Self.progress(value) else {
                return remark("progress=\(Self.shown(value)) is not 3 or 3/10")
            }
            progress = read
        case "retry_after":
            guard let read = Self.duration(value) else {
                return remark("retry_after=\(Self.shown(value)) is not 120, 90s, 10m, 2h or 1d")
            }
            retryAfter = read
        case "note":
            note = Self.clean(Substring(value.unicodeScalars.prefix(Self.noteLimit)))
        default:
            remark("unknown key \"\(Self.shown(key))\"")
        }
    }

    private mutating func remark(_ text: String) {
        if remarks.count < Self.remarkLimit, !remarks.contains(text) { remarks.append(text) }
    }

    private static func progress(_ text: Substring) -> TaskContext.Progress? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { number(trim($0)) }
        switch parts.count {
        case 1: return parts[0].flatMap { TaskContext.Progress(done: $0) }
        case 2: return parts[0].flatMap { done in parts[1].flatMap { TaskContext.Progress(done: done, total: $0) } }
        default: return nil
        }
    }

    private static func duration(_ text: Substring) -> Duration? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        let unit = text.last.flatMap { units[$0] }
        guard let count = number(unit == nil ? text : text.dropLast()) else { return nil }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: unit ?? 1)
        return overflow ? nil : .seconds(seconds)
    }

    /// Digits only, because `Int` would accept a sign as well.
    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }

    private static func shown(_ text: Substring) -> String { clean(Substring(text.unicodeScalars.prefix(40))) }

    private static func clean(_ text: Substring) -> String {
        let scalars = text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }
        return String(String.UnicodeScalarView(scalars))
    }

    private static func trim(_ text: Substring) -> Substring {
        let scalars = text.unicodeScalars
        guard let begin = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let end = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return Substring(scalars[begin...end])
    }
}
