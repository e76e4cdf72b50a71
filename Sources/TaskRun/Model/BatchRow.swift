public import Platform

/// A batch that has tasks, or that tasks wait for.
public struct BatchRow: Sendable, Equatable {
    /// A task of the batch that a run holds.
    public struct Held: Sendable, Equatable {
        /// Column `id`.
        public var id: Int64
        /// Column `task_name`.
        public var name: String
        /// Column `run_at`: it began after that.
        public var runAt: Date?
        /// Column `lease_owner`.
        public var owner: String?
        /// Column `progress_done`.
        public var progressDone: Int64?
        /// Column `progress_total`.
        public var progressTotal: Int64?
        /// Column `progress_note`.
        public var progressNote: String?

        /// Creates a held task from its parts.
        public init(id: Int64, name: String, runAt: Date?, owner: String? = nil) {
            (self.id, self.name, self.runAt, self.owner) = (id, name, runAt, owner)
        }
    }

    /// The first of the tasks that wait for the batch.
    public struct Follower: Sendable, Equatable {
        /// Column `id`.
        public var id: Int64
        /// Column `task_name`.
        public var name: String
        /// Column `created_at`.
        public var since: Date?

        /// Creates a follower from its parts.
        public init(id: Int64, name: String, since: Date?) { (self.id, self.name, self.since) = (id, name, since) }
    }

    /// The most rows of each kind that are counted.
    public static let mostCounted = 100_000

    /// Its name.
    public var batch: String
    /// How many of its tasks wait, up to ``mostCounted``.
    public var waiting: Int
    /// How many of its tasks are PROCESSING, up to ``mostCounted``.
    public var processing: Int
    /// How many of its tasks are FAILED, up to ``mostCounted``.
    public var failed: Int
    /// How many were completed since a task waits for the batch, or nil if none was counted.
    public var complete: Int64?
    /// How many were cancelled since a task waits for the batch, or nil if none was counted.
    public var cancelled: Int64?
    /// When the first of its tasks that are there was added.
    public var since: Date?
    /// How many tasks wait for the batch, up to ``mostCounted``.
    public var followers: Int
    /// The first of these.
    public var follower: Follower?
    /// The PROCESSING task that was due first.
    public var longest: Held?

    /// Creates a batch without tasks.
    public init(_ batch: String) {
        self.batch = batch
        (waiting, processing, failed, followers) = (0, 0, 0, 0)
    }

    /// How many tasks have not ended.
    public var left: Int { waiting + processing }

    /// How many tasks it has and had, or nil if no task waits for it: those that ended are not counted then.
    public var total: Int64? {
        guard followers > 0 else { return nil }
        return Int64(left + failed) + (complete ?? 0) + (cancelled ?? 0)
    }

    /// Whether there are more tasks than were counted.
    public var isPartial: Bool { [waiting, processing, failed, followers].contains { $0 >= Self.mostCounted } }
}

extension BatchRow {
    /// Reads a row of the statement that lists batches.
    package init(_ row: some StoreRow) {
        self.init(row.text("batch"))
        (waiting, processing) = (row.count("waiting"), row.count("processing"))
        (failed, followers) = (row.count("failed"), row.count("followers"))
        (complete, cancelled) = (row.integerIfAny("complete"), row.integerIfAny("cancelled"))
        since = row.moment("since")
        follower = row.integerIfAny("follower_id").map { id in
            Follower(id: id, name: row.text("follower_name"), since: row.moment("follower_since"))
        }
        longest = row.integerIfAny("longest_id").map { id in
            var held = Held(
                id: id,
                name: row.text("longest_name"),
                runAt: row.moment("longest_since"),
                owner: row.textIfAny("longest_owner")
            )
            held.progressDone = row.number("progress_done", in: 0...Int64.max)
            held.progressTotal = row.number("progress_total", in: 0...Int64.max)
            held.progressNote = row.textIfAny("progress_note")
            return held
        }
    }
}
