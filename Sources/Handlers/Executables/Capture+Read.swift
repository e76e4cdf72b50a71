import Platform

extension Capture {
    /// The result of one read.
    enum Reading: Equatable {
        case bytes(Int)
        /// Nothing at this moment.
        case nothing
        /// Nothing more will come: the other end is closed in all processes.
        case end
    }

    /// The most that a pipe can hold, as far as an ordinary user can set it: `/proc/sys/fs/pipe-max-size`, pipe(7).
    private static let largestPipe = 1 << 20

    /// Reads once from a pipe that does not block.
    mutating func read(from pipe: Int32, through buffer: UnsafeMutableRawBufferPointer) -> Reading {
        let count = readBytes(pipe, buffer.baseAddress, buffer.count)
        if count > 0 {
            append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return .bytes(count)
        }
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? .nothing : .end
    }

    /// Reads what is in a pipe, and no more than a pipe can hold, even if another process goes on writing.
    ///
    /// A negative descriptor is passed over.
    mutating func readRest(from pipe: Int32, through buffer: UnsafeMutableRawBufferPointer) {
        var left = pipe < 0 ? 0 : Self.largestPipe
        while left > 0, case .bytes(let count) = read(from: pipe, through: buffer) { left -= count }
    }
}

/// read(2), hidden by methods of that name.
let readBytes: @Sendable (Int32, UnsafeMutableRawPointer?, Int) -> Int = read
