import Platform

/// A buffer for the bytes from pipes until they are parsed.
///
/// Not copyable, because it owns its memory.
struct PipeBuffer: ~Copyable {
    /// The most that is read at once.
    static let size = 64 * 1024
    /// The most that a pipe can hold, as far as an ordinary user can set it: `/proc/sys/fs/pipe-max-size`, pipe(7).
    static let largestPipe = 1 << 20

    /// The result of one read.
    enum Reading {
        /// Bytes, valid until the next read.
        case bytes(UnsafeRawBufferPointer)
        /// Nothing at this moment.
        case nothing
        /// Nothing more will come.
        case end
    }

    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)

    deinit { memory.deallocate() }

    /// Reads once from a pipe that does not block.
    func read(_ pipe: Int32) -> Reading {
        let count = readBytes(pipe, memory.baseAddress, memory.count)
        if count > 0 { return .bytes(UnsafeRawBufferPointer(rebasing: memory[..<count])) }
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? .nothing : .end
    }
}
