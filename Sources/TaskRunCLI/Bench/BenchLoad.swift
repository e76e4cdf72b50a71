import Synchronization
import TaskRun

/// The tasks of a measurement.
struct BenchLoad: Sendable {
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

}

/// The tasks of a measurement, as they are added: the way of `add -`, less the reading of lines.
///
/// A class because the store requests them one batch after the other.
final class BenchSource: TaskSource {
    private static let batch = (count: 16_384, bytes: 4 << 20)

    let isLenient = false
    private let load: BenchLoad
    private let screen: Screen
    private let stop: StopSignal
    private let began = ContinuousClock.now
    /// How many were handed out, and how many of them are in the table.
    private let counts = Mutex((given: 0, added: 0))

    init(_ load: BenchLoad, screen: Screen, stop: StopSignal) {
        (self.load, self.screen, self.stop) = (load, screen, stop)
    }

    func next() -> TaskSourceStep {
        if stop.requests > 0 { return .stop }
        let start = counts.withLock { $0.given }
        let end = min(load.count, start + max(1, min(Self.batch.count, Self.batch.bytes / load.bytes)))
        guard start < end else { return .end }
        counts.withLock { $0.given = end }
        draw()
        return .tasks((start..<end).map { NumberedTask($0 + 1, load.task($0)) })
    }

    func refused(_ number: Int, _ error: StoreError) {}

    func added(_ tasks: [AddedTask]) {
        counts.withLock { $0.added += tasks.count }
        draw()
    }

    private func draw() {
        let time = began.duration(to: .now)
        guard screen.terminal.canRedraw, time > .milliseconds(300) else { return }
        // SQLite takes all before it adds the first.
        let (given, added) = counts.withLock { $0 }
        let bar = ProgressBar(doing: added > 0 ? "Adding" : "Preparing")
        screen.write([], progress: bar.line(added > 0 ? added : given, of: load.count, after: time))
    }
}
