import TaskRun
import Text

/// Keeps the first and the last bytes of a stream that may be endless.
struct Capture: Sendable {
    /// How many of the first bytes are kept.
    let headLimit: Int
    /// How many of the last bytes are kept, once the head is full.
    let tailLimit: Int
    /// The first bytes.
    private(set) var head: [UInt8] = []
    /// How many bytes there were.
    private(set) var total = 0
    private var rest: [UInt8] = []

    init(headLimit: Int, tailLimit: Int = 0) {
        self.headLimit = headLimit
        self.tailLimit = tailLimit
    }

    /// The last bytes that are not in the head.
    var tail: ArraySlice<UInt8> { rest.suffix(tailLimit) }

    /// Whether bytes were dropped.
    var isCut: Bool { total > head.count + tail.count }

    /// Adds the next bytes.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        total += bytes.count
        let begin = min(headLimit - head.count, bytes.count)
        head.append(contentsOf: bytes.prefix(begin))
        guard tailLimit > 0, begin < bytes.count else { return }
        rest.append(contentsOf: bytes.dropFirst(begin).suffix(tailLimit))
        // Cut at twice the limit, so that each byte is moved at most once more.
        if rest.count > 2 * tailLimit { rest.removeFirst(rest.count - tailLimit) }
    }

    /// The bytes as text for people: trimmed, with a mark where something was left out.
    ///
    /// Bytes that are not UTF-8 become U+FFFD, one byte three, so the text is cut once more.
    var text: String {
        let mark = "\n[…]\n"
        var text =
            isCut
            ? String(decoding: head, as: UTF8.self) + mark + String(decoding: tail, as: UTF8.self)
            : String(decoding: head + tail, as: UTF8.self)
        if text.utf8.count > headLimit + tailLimit + mark.utf8.count {
            text = BoundedText.prefix(text, bytes: headLimit) + mark + BoundedText.suffix(text, bytes: tailLimit)
        }
        return Self.trim(text)
    }

    private static func trim(_ text: String) -> String {
        let isBlank = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace || scalar == "\0" }
        let scalars = text.unicodeScalars
        guard let begin = scalars.firstIndex(where: { !isBlank($0) }),
            let end = scalars.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(scalars[begin...end])
    }
}
