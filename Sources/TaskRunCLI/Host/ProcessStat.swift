import TaskRun
import Text

/// What `/proc/PID/stat` says of a process, proc(5).
struct ProcessStat: Equatable {
    /// The process number, as the mounted `/proc` counts.
    let pid: Int32
    /// One letter: `R`, `S`, … `Z` for ended but not reaped, `X` for dead.
    let state: Character
    /// How many threads it has.
    ///
    /// If the first one has ended, others may still work.
    let threads: Int
    /// When it started, in clock ticks since boot.
    let startTicks: UInt64

    /// Reads the text of the file, or returns nil for any other text.
    ///
    /// The second field is the program's name in parentheses, which may itself hold spaces and parentheses: the fields
    /// are counted from the last closing one.
    init?(parsing text: String) {
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"),
            let pid = Int32(text[..<open].trimmed)
        else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count >= 20, let state = fields[0].first, let threads = Int(fields[17]),
            let ticks = UInt64(fields[19])
        else { return nil }
        self.pid = pid
        self.state = state
        self.threads = threads
        self.startTicks = ticks
    }

    /// Whether the process does nothing any more: it waits to be reaped, or is being removed.
    var hasEnded: Bool { threads <= 1 && (state == "Z" || state == "X" || state == "x") }
}
