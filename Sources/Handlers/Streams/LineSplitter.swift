/// Cuts a stream of bytes into lines.
struct LineSplitter {
    /// The longest line, in bytes, without its line feed.
    let limit: Int
    /// The bytes of a line that has not ended yet.
    private(set) var rest: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    /// Whether a line is longer than allowed; nothing useful can be read any more.
    var isOverlong: Bool { rest.count > limit }

    /// Adds the next bytes and passes on the lines that they end, without line feeds.
    ///
    /// It stops at a line that is too long.
    mutating func append(_ bytes: UnsafeRawBufferPointer, _ line: ([UInt8]) -> Void) {
        var start = 0
        while !isOverlong, start < bytes.count {
            let part = UnsafeRawBufferPointer(rebasing: bytes[start...])
            guard let end = part.firstIndex(of: UInt8(ascii: "\n")) else {
                rest.append(contentsOf: part)
                return
            }
            // Nearly always a whole line arrives at once.
            let whole = UnsafeRawBufferPointer(rebasing: part[..<end])
            if rest.isEmpty, end <= limit {
                line(Array(whole))
            } else {
                rest.append(contentsOf: whole)
                guard !isOverlong else { return }
                line(rest)
                rest = []
            }
            start += end + 1
        }
    }
}
