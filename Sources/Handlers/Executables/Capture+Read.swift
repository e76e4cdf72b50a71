import Platform

extension Capture {
    /// What one reading gave.
    enum Reading: Equatable {
        case bytes(Int)
        /// Nothing at this moment.
        case nothing
        /// Nothing ever again: everybody has closed the other end.
        case end
    }

    /// The most a pipe can hold: what an ordinary user may set, `/proc/sys/fs/pipe-max-size`, pipe(7).
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

    /// Reads what is in a pipe, which is not more than it can hold even where somebody goes on writing.
    ///
    /// A negative descriptor is passed over.
    mutating func readRest(from pipe: Int32, through buffer: UnsafeMutableRawBufferPointer) {
        var left = pipe < 0 ? 0 : Self.largestPipe
        while left > 0, case .bytes(let count) = read(from: pipe, through: buffer) { left -= count }
    }
}

/// read(2), which methods of that name hide.
let readBytes: @Sendable (Int32, UnsafeMutableRawPointer?, Int) -> Int = read
