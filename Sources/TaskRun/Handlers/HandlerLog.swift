import Logging
import Synchronization
import Text

/// Limits what the handlers of one name log: 100 lines a second, and the first 8 KiB of a long line.
///
/// A class because all handlers of the name share it.
package final class LogBudget: Sendable {
    /// The most lines in a second.
    package static let lines = 100
    /// The longest line, in bytes.
    package static let bytes = 8 * 1024

    private struct State {
        var begin = ContinuousClock.now
        var lines = 0
    }

    private let state = Mutex(State())

    /// What happens to a line.
    package enum Answer: Equatable {
        case written
        /// It is the first line of this second that is left out, which is logged.
        case firstLeftOut
        case leftOut
    }

    package init() {}

    /// Counts one more line.
    package func take(now: ContinuousClock.Instant = .now) -> Answer {
        state.withLock { state in
            if state.begin.duration(to: now) >= .seconds(1) { (state.begin, state.lines) = (now, 0) }
            state.lines += 1
            return state.lines <= Self.lines ? .written : state.lines == Self.lines + 1 ? .firstLeftOut : .leftOut
        }
    }
}

/// The log of a handler: lines within its budget go on to the run's log.
struct HandlerLog: LogHandler {
    var base: any LogHandler
    let budget: LogBudget

    var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        var event = event
        switch budget.take() {
        case .leftOut:
            return
        case .firstLeftOut:
            event.message = "more than \(LogBudget.lines) lines in a second: the rest of this second is left out"
        case .written:
            let text = event.message.description
            if text.utf8.count > LogBudget.bytes {
                event.message = "\(BoundedText.fit(text, bytes: LogBudget.bytes))"
            }
        }
        base.log(event: event)
    }
}
