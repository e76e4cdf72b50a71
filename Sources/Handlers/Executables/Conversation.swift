import Platform

/// The exchange with a child that gets one input: how much of it is written, and what the child wrote.
struct Conversation: ~Copyable {
    /// What it wrote to stdout, up to the limit.
    private(set) var output: Capture
    /// What it wrote to stderr; of long output, the first and the last bytes.
    private(set) var errors = Capture(headLimit: 1_536, tailLimit: 6_144)
    private let input: [UInt8]
    private var written = 0
    private var entries = [pollfd](repeating: pollfd(), count: 5)
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)

    /// The events that ended a wait, besides bytes.
    struct Event {
        let hasEnded: Bool
        let isCancelled: Bool
    }

    init(input: [UInt8], outputLimit: Int) {
        self.input = input
        self.output = Capture(headLimit: outputLimit)
    }

    deinit { buffer.deallocate() }

    /// Whether the child has received all of the input.
    var isAllWritten: Bool { written == input.count }

    /// Waits until bytes can be read or written, the child has ended, it is woken, or the moment has come.
    ///
    /// Without `bytes` it does not wait for bytes; they stay in the pipes.
    mutating func wait(
        for child: borrowing Child,
        bytes: Bool = true,
        cancelled: WakeUp?,
        until moment: ContinuousClock.Instant
    ) -> Event {
        entries[0] = pollfd(fd: child.end, events: Int16(POLLIN), revents: 0)
        // poll(2) passes over entries with the number -1.
        entries[1] = pollfd(fd: cancelled?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
        entries[2] = pollfd(fd: bytes ? child.output : -1, events: Int16(POLLIN), revents: 0)
        entries[3] = pollfd(fd: bytes ? child.errors : -1, events: Int16(POLLIN), revents: 0)
        entries[4] = pollfd(fd: bytes ? child.input : -1, events: Int16(POLLOUT), revents: 0)
        let left = max(.zero, ContinuousClock.now.duration(to: moment))
        // Rounded up: otherwise the last part of a millisecond would be spent in a busy loop.
        guard poll(&entries, nfds_t(entries.count), Int32((left / .milliseconds(1)).rounded(.up))) > 0 else {
            for index in entries.indices { entries[index].revents = 0 }
            return Event(hasEnded: false, isCancelled: false)
        }
        return Event(hasEnded: entries[0].revents != 0, isCancelled: entries[1].revents != 0)
    }

    /// Reads and writes all that is possible at once, after ``wait(for:cancelled:until:)``.
    mutating func exchange(with child: inout Child) {
        if entries[2].revents != 0, output.read(from: child.output, through: buffer) == .end { child.closeOutput() }
        if entries[3].revents != 0, errors.read(from: child.errors, through: buffer) == .end { child.closeErrors() }
        if entries[4].revents != 0 { write(to: &child) }
    }

    /// Writes as much of the input as the pipe accepts, and closes it after the last byte.
    mutating func write(to child: inout Child) {
        while written < input.count {
            let count = input.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                return writeBytes(child.input, rest.baseAddress, rest.count)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            // The child has read enough, or has ended: it does not need the rest.
            guard count > 0 else { break }
            written += count
        }
        child.closeInput()
    }

    /// Reads the rest of the pipes after the child's end.
    mutating func readRest(of child: borrowing Child) {
        output.readRest(from: child.output, through: buffer)
        errors.readRest(from: child.errors, through: buffer)
    }
}

/// write(2), hidden by methods of that name.
let writeBytes: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = write
