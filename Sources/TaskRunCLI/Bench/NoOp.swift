import Synchronization
import TaskRun

/// The handler of a measurement: a Swift module as a user would write it, that does nothing.
struct NoOp: TaskHandler {
    /// Any JSON value.
    struct Payload: Decodable {
        init(from decoder: any Decoder) {}
    }

    static let taskName = "BENCH_NO_OP"

    func perform(_ payload: Payload, in context: TaskContext) async throws {}
}

/// The handler by which it is measured how soon a task begins.
struct Ping: TaskHandler {
    static let taskName = "BENCH_PING"
    /// When the last one began.
    ///
    /// A class because the handler writes it and the measurement reads it.
    final class Arrival: Sendable {
        private let moment = Mutex<ContinuousClock.Instant?>(nil)
        func note() { moment.withLock { $0 = .now } }
        /// The moment, once.
        func take() -> ContinuousClock.Instant? {
            moment.withLock { moment in
                defer { moment = nil }
                return moment
            }
        }
    }

    let arrival: Arrival

    func perform(_ payload: NoOp.Payload, in context: TaskContext) async throws { arrival.note() }
}
