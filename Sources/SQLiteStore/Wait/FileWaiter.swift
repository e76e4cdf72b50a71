import Platform
import TaskRun

/// Waits for due tasks in a database file, no matter which program adds them.
///
/// It watches the file from outside and reads it after each commit. Some changes the watch does not report: those to a
/// file on a network, and a commit in WAL mode that becomes visible only after its last write. To find them it reads
/// again after 1 ms, 2 ms, 4 ms … and then each second.
///
/// An actor on a thread of its own, because it blocks.
actor FileWaiter {
    /// The longest pause between two looks, with and without a watch of the file.
    private static let pauses = (watched: Duration.seconds(1), unwatched: Duration.milliseconds(50))
    /// Looks take at most this part of the time, however often the file is written to.
    private static let share = 50

    private nonisolated let executor = QueueExecutor()
    private let path: String
    /// The path without symbolic links: the journals are beside that file.
    private let file: String
    private let location: String
    private let identity: FileIdentity?
    private var look: DueLook?
    private var watch: FileWatch?
    private var isOpen = false

    /// Waits for tasks in a file that exists; `location` names it for people.
    init(path: String, location: String) {
        self.path = path
        self.file = FileIdentity.realPath(path)
        self.location = location
        self.identity = FileIdentity(path: path)
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Waits until a task of these names and queues is due, the end comes, or `wakeUp` wakes it.
    ///
    /// - Returns: Whether something is due.
    /// - Throws: ``TaskRun/StoreError/Code/database`` for a file that was removed or replaced.
    func wait(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant,
        wakeUp: WakeUp
    ) throws(StoreError) -> Bool {
        open()
        let longest = watch == nil ? Self.pauses.unwatched : Self.pauses.watched
        var pause = Duration.milliseconds(1)
        var seen: Int64?
        var firstDue: ContinuousClock.Instant?
        while true {
            try requireSameFile()
            _ = watch?.readChanges()
            let begun = ContinuousClock.now
            let version = look?.isWAL == true ? look?.dataVersion() : nil
            if version == nil || version != seen {
                seen = version
                switch find(names, queues) {
                case .due: return true
                case .nothing: firstDue = nil
                case .later(let wait): firstDue = begun.advanced(by: wait)
                // If the file cannot be read for a second, let a claim try: it waits for locks and repairs the file.
                case .unknown where pause >= longest: return true
                case .unknown: seen = nil
                }
            }
            let earliest = begun.advanced(by: begun.duration(to: .now) * Self.share)
            let next = min(end, firstDue ?? end, max(earliest, begun.advanced(by: pause)))
            switch waitForChange(until: next, notBefore: earliest, wakeUp: wakeUp) {
            case .woken: return false
            case .changed: pause = .milliseconds(1)
            case .timedOut: pause = min(pause * 2, longest)
            }
            if let firstDue, .now >= firstDue { return true }
            if .now >= end { return false }
        }
    }

    /// Waits until the file has changed and the commit has ended.
    private func waitForChange(
        until next: ContinuousClock.Instant,
        notBefore earliest: ContinuousClock.Instant,
        wakeUp: WakeUp
    ) -> WakeUp.Wake {
        var wake = WakeUp.Wake.changed
        repeat {
            wake = wakeUp.wait(or: watch?.descriptor, until: next)
            guard wake == .changed else { return wake }
        } while watch?.readChanges() != true
        // Not for longer: there may always be another commit.
        let latest = ContinuousClock.now.advanced(by: .milliseconds(20))
        while isCommitUnderWay, wake == .changed {
            wake = wakeUp.wait(or: watch?.descriptor, until: latest)
            _ = watch?.readChanges()
        }
        return wake != .woken && wakeUp.wait(or: nil, until: earliest) == .timedOut ? .changed : .woken
    }

    /// Whether a rollback journal is in use.
    ///
    /// Opening and closing the journal is safe, as SQLite's locks are on the database file.
    private var isCommitUnderWay: Bool {
        look?.isWAL == false && FileIdentity.firstByte(of: file + "-journal").map { $0 != 0 } ?? false
    }

    private func find(_ names: [String], _ queues: QueueFilter?) -> DueLook.Answer {
        let answer = look?.look(names: names, queues: queues) ?? .unknown
        // Another program may have changed the journal mode.
        if answer == .unknown { look = DueLook.open(file) }
        return answer
    }

    /// Whether a lock key or a batch needs repair, as far as the file can be read at this moment.
    func needsRepair() -> Bool {
        open()
        return look?.needsRepair() ?? false
    }

    private func open() {
        guard !isOpen else { return }
        isOpen = true
        look = DueLook.open(file)
        watch = FileWatch(path: file)
    }

    /// Checks that the path still leads to the same file.
    ///
    /// Writes to a removed file would be lost, and tasks in a new one would never be found.
    private func requireSameFile() throws(StoreError) {
        let found = FileIdentity(path: path)
        guard found != identity else { return }
        throw StoreError(
            .database,
            subject: "cannot go on with \(location)",
            cause: found == nil ? "the file was removed" : "the file was replaced by another one",
            advice: found == nil
                ? "Restore the file, or create it with: taskrun --database \(location) migrate"
                : "The next run works with the new file. "
                    + "Replace it only while no program has it open; see sqlite3 FILE '.backup'."
        )
    }

    /// Closes the connection and the watch.
    func close() { (look, watch) = (nil, nil) }
}
