import Platform
import TaskRun

/// Waits for due tasks in a database file, whoever adds them.
///
/// The file is watched from outside and looked into when a commit is through. What the watch does not tell (a file on a
/// network, a commit in WAL mode that becomes visible only after its last write) is found by looking again: after 1 ms, 2 ms,
/// 4 ms … and then each second.
///
/// An actor on a thread of its own, because it blocks.
actor FileWaiter {
    /// The longest pause between two looks; without a watch of the file the shorter one.
    private static let pauses = (watched: Duration.seconds(1), unwatched: Duration.milliseconds(50))
    /// Looks take at most this part of the time, however often the file is written to.
    private static let share = 50

    private nonisolated let executor = QueueExecutor()
    private let path: String
    /// Where the path leads to: the journals are beside it.
    private let file: String
    private let location: String
    private let identity: FileIdentity?
    private var look: DueLook?
    private var watch: FileWatch?
    private var isOpen = false

    /// - Parameters:
    ///   - path: The file, which exists.
    ///   - location: The file, for people.
    init(path: String, location: String) {
        self.path = path
        self.file = FileIdentity.realPath(path)
        self.location = location
        self.identity = FileIdentity(path: path)
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Waits until a task of these names and queues is due, the end comes, or the bell is rung.
    ///
    /// - Returns: Whether something is due.
    /// - Throws: ``TaskRun/StoreError/Code/database`` for a file that was removed or replaced.
    func wait(
        names: [String],
        queues: QueueFilter?,
        until end: ContinuousClock.Instant,
        bell: Bell
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
                // A file that cannot be read for a second is the claim's business: it waits for locks and repairs.
                case .unknown where pause >= longest: return true
                case .unknown: seen = nil
                }
            }
            let earliest = begun.advanced(by: begun.duration(to: .now) * Self.share)
            let next = min(end, firstDue ?? end, max(earliest, begun.advanced(by: pause)))
            switch rest(until: next, notBefore: earliest, bell: bell) {
            case .rung: return false
            case .changed: pause = .milliseconds(1)
            case .timedOut: pause = min(pause * 2, longest)
            }
            if let firstDue, .now >= firstDue { return true }
            if .now >= end { return false }
        }
    }

    /// Rests until the file has changed and the commit is through.
    private func rest(
        until next: ContinuousClock.Instant,
        notBefore earliest: ContinuousClock.Instant,
        bell: Bell
    ) -> Bell.Wake {
        var wake = Bell.Wake.changed
        repeat {
            wake = bell.wait(or: watch?.descriptor, until: next)
            guard wake == .changed else { return wake }
        } while watch?.readChanges() != true
        // There may always be a commit under way.
        let latest = ContinuousClock.now.advanced(by: .milliseconds(20))
        while isCommitUnderWay, wake == .changed {
            wake = bell.wait(or: watch?.descriptor, until: latest)
            _ = watch?.readChanges()
        }
        return wake != .rung && bell.wait(or: nil, until: earliest) == .timedOut ? .changed : .rung
    }

    /// Whether a rollback journal is in use.
    ///
    /// It may be opened and closed: SQLite's locks are on the database file.
    private var isCommitUnderWay: Bool {
        look?.isWAL == false && FileByte.first(of: file + "-journal").map { $0 != 0 } ?? false
    }

    private func find(_ names: [String], _ queues: QueueFilter?) -> DueLook.Answer {
        let answer = look?.look(names: names, queues: queues) ?? .unknown
        // Another program may have changed the journal mode.
        if answer == .unknown { look = DueLook.open(file) }
        return answer
    }

    /// Whether a line or a batch needs repair, as far as the file can be read at this moment.
    func isAnythingToMend() -> Bool {
        open()
        return look?.isAnythingToMend() ?? false
    }

    private func open() {
        guard !isOpen else { return }
        isOpen = true
        look = DueLook.open(file)
        watch = FileWatch(path: file)
    }

    /// What is written to a file that was removed would be lost, and tasks in a new one would never be found.
    private func requireSameFile() throws(StoreError) {
        let found = FileIdentity(path: path)
        guard found != identity else { return }
        throw StoreError(
            .database,
            subject: "cannot go on with \(location)",
            cause: found == nil ? "the file was removed" : "the file was replaced by another one",
            advice: found == nil
                ? "Put it back, or create it with: taskrun --database \(location) migrate"
                : "The next run works with the new file. Replace it only while no program has it open; see sqlite3 FILE '.backup'."
        )
    }

    /// Closes what is open.
    func close() { (look, watch) = (nil, nil) }
}
