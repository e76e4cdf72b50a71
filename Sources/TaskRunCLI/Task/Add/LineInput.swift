import Platform
import SystemPackage

/// The lines of a file or pipe, one after the other, in constant memory.
struct LineInput {
    /// The longest line, in bytes.
    static let longest = 64 << 20

    /// One line.
    struct Line {
        /// Its bytes, without the line feed.
        let bytes: [UInt8]
        /// Whether the input ended without a line feed behind it.
        let isUnended: Bool
        /// Whether it is longer than ``LineInput/longest``; its bytes are then skipped.
        let isTooLong: Bool
    }

    /// How many bytes there are in all, or nil if that is not known.
    let size: Int?
    /// How many bytes were read.
    private(set) var bytesRead = 0

    private let file: FileDescriptor
    private var buffer: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    init(_ file: FileDescriptor) {
        self.file = file
        var status = stat()
        let isFile = fstat(file.rawValue, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        size = isFile ? Int(status.st_size) - max(0, Int(lseek(file.rawValue, 0, SEEK_CUR))) : nil
    }

    /// The next line, or nil at the end.
    ///
    /// - Throws: Errno where it cannot be read.
    mutating func next() throws(Errno) -> Line? {
        var line: [UInt8] = []
        var isTooLong = false
        while true {
            if position == buffer.count {
                guard try fill() else {
                    guard !line.isEmpty || isTooLong else { return nil }
                    return Line(bytes: line, isUnended: true, isTooLong: isTooLong)
                }
            }
            let end = buffer[position...].firstIndex(of: 0x0a)
            let part = buffer[position..<(end ?? buffer.count)]
            isTooLong = isTooLong || line.count + part.count > Self.longest
            if isTooLong { line = [] } else { line += part }
            position = end.map { $0 + 1 } ?? buffer.count
            if end != nil { return Line(bytes: line, isUnended: false, isTooLong: isTooLong) }
        }
    }

    /// Reads the next piece; false at the end.
    private mutating func fill() throws(Errno) -> Bool {
        guard !isAtEnd else { return false }
        do {
            let file = file
            buffer = try [UInt8](unsafeUninitializedCapacity: 1 << 16) {
                $1 = try file.read(into: UnsafeMutableRawBufferPointer($0))
            }
        } catch {
            throw error as? Errno ?? .ioError
        }
        position = 0
        bytesRead += buffer.count
        isAtEnd = buffer.isEmpty
        return !isAtEnd
    }
}
