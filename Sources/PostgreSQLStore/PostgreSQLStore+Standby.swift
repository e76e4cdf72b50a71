import Synchronization
import TaskRun

/// A synchronous standby that does not answer: the server commits, and keeps whoever asked waiting for ever.
///
/// Such a wait is ended by a cancellation, behind which the commit counts. A run then claims nothing more: each claim would take
/// as long, and nobody knows whether the standby has what was written.
extension PostgreSQLStore {
    /// For how long nothing is claimed after that.
    private static let pause: Duration = .seconds(60)

    func noteMissedStandby() {
        let isNew = standbyMissed.withLock { moment in
            defer { moment = .now }
            return moment == nil
        }
        if isNew { tell?(.warning("\(location): \(Self.missedStandby)")) }
    }

    /// Nothing is to be claimed at this moment.
    var isStandbyMissed: Bool {
        standbyMissed.withLock { $0.map { $0.duration(to: .now) < Self.pause } ?? false }
    }

    /// What is said then of a command that has written.
    private static let missedStandby = """
        the synchronous standby does not answer; what was written is committed on the primary server, and not yet on the standby. Start the standby, or \
        take it off synchronous_standby_names
        """

    /// What is said then of a run.
    var missedStandbyError: StoreError {
        StoreError(
            .unavailable,
            subject: subject("claim tasks"),
            cause: "the synchronous standby does not answer",
            advice:
                "Start it, or take it off synchronous_standby_names; what was written is committed on the primary server."
        )
    }
}
