import Synchronization
import TaskRun

/// A synchronous standby that does not answer: the server commits, and its clients wait without end.
///
/// A cancellation ends such a wait; the commit stays. A run then claims nothing for a minute: each claim would take as
/// long, and the standby may not have what was written.
///
/// A class: the store's calls share what it remembers.
final class Standby: Sendable {
    /// How long a run claims nothing after that.
    private static let pause: Duration = .seconds(60)

    /// When a standby was last found not to answer.
    private let missed = Mutex(ContinuousClock.Instant?.none)

    /// Whether nothing is to be claimed now.
    var isMissed: Bool { missed.withLock { $0.map { $0.duration(to: .now) < Self.pause } ?? false } }

    /// Notes that the standby did not answer; returns whether this is the first time.
    func note() -> Bool {
        missed.withLock { moment in
            defer { moment = .now }
            return moment == nil
        }
    }

    /// The warning for a command that has written.
    static let warning = """
        the synchronous standby does not answer. What was written is committed on the primary server, but not yet on \
        the standby. Start the standby, or remove it from synchronous_standby_names
        """

    /// The error for a run that would claim.
    static func error(_ subject: String) -> StoreError {
        let cause = "the synchronous standby does not answer"
        let start = "Start the standby, or remove it from synchronous_standby_names"
        let advice = "\(start). What was written is committed on the primary server."
        return StoreError(.unavailable, subject: subject, cause: cause, advice: advice)
    }
}
