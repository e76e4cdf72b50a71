import Platform

/// Where the bytes from pipes lie until they are understood.
///
/// Not copyable, because it owns its memory.
struct PipeBuffer: ~Copyable {
    /// The most that is read at once.
    static let size = 64 * 1024
    /// The most a pipe can hold: what an ordinary user may set, `/proc/sys/fs/pipe-max-size`, pipe(7).
    static let largestPipe = 1 << 20

    /// What one reading gave.
    enum Reading {
        /// To be used before the next reading.
        case bytes(UnsafeRawBufferPointer)
        /// Nothing at this moment.
        case nothing
        /// Nothing ever again.
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
