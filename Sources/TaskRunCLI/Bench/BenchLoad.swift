import TaskRun

/// The tasks of a measurement.
struct BenchLoad: Sendable {
    /// How many are added at once.
    static let batch = 10_000
    /// How many there are.
    let count: Int
    /// How many bytes the payload of each has; at least 2.
    let bytes: Int
    private let text: [UInt8]

    /// Prepares payloads: `{}`, or a JSON text that cannot be compressed to next to nothing.
    init(count: Int, bytes: Int) {
        (self.count, self.bytes) = (count, bytes)
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        text = (0..<(bytes > 2 ? 1 << 16 : 0)).map { _ in
            // Xorshift (Marsaglia 2003): the same text each time.
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return letters[Int(state >> 58)]
        }
    }

    /// One task.
    func task(_ number: Int) -> NewTask {
        guard bytes > 2 else { return NewTask(name: NoOp.taskName) }
        var data: [UInt8] = [UInt8(ascii: "\"")]
        data.reserveCapacity(bytes)
        // Another part of the text for each task.
        var place = number &* 97 % text.count
        while data.count < bytes - 1 {
            let part = text[place..<min(text.count, place + bytes - 1 - data.count)]
            data += part
            place = 0
        }
        data.append(UInt8(ascii: "\""))
        return NewTask(name: NoOp.taskName, data: String(decoding: data, as: UTF8.self))
    }

    /// Adds all.
    ///
    /// - Parameters:
    ///   - store: Where.
    ///   - stop: Ends it early.
    ///   - progress: Is told how many are there.
    /// - Throws: CancellationError if it was asked to stop.
    func add(to store: any TaskDesk, stop: StopSignal, progress: (Int) -> Void) async throws {
        for start in stride(from: 0, to: count, by: Self.batch) {
            guard stop.requests == 0 else { throw CancellationError() }
            let end = min(count, start + Self.batch)
            _ = try await store.add((start..<end).map { task($0) })
            progress(end)
        }
    }
}
