/// Why a handler did not begin, or why all that it did was rolled back; the attempt does not count.
///
/// A ``TaskHandler`` that could not begin throws it, and ``HandlerOutcome/notBegun(_:)`` contains it. The run gives the
/// task back and does not claim its name for a while, which grows each time.
public struct NotBegun: Error, Sendable, Equatable {
    /// What was in the way.
    public enum Cause: Sendable, Equatable {
        /// The handler itself: its file or its interpreter is missing, or may not be run.
        ///
        /// A person has to repair it.
        case handler
        /// Something that passes without a person within seconds: its file is being written to, a server restarts.
        case passing
        /// The machine has run out of something: processes, threads, open files, memory, room on a disk.
        case scarcity
    }

    /// What was in the way.
    public let cause: Cause
    /// What failed, on what and why; it goes into `last_error`.
    public let reason: String

    /// Creates one from its parts.
    public init(_ cause: Cause, _ reason: String) {
        self.cause = cause
        self.reason = reason
    }
}

extension HandlerOutcome {
    /// Whether the handler did not begin.
    var isNotBegun: Bool {
        guard case .notBegun = self else { return false }
        return true
    }
}
