import TaskRun

/// Adds the tasks of a source by COPY, in one transaction.
///
/// COPY cannot return the numbers of its rows, so they are taken from the sequence first. Measured with 500,000 rows,
/// that costs the server 4.4 µs a row; COPY into a temporary table and INSERT … SELECT … RETURNING from it costs
/// 6.4 µs.
struct BulkInsertion {
    /// The longest wait for the server: other programs' triggers may take their time.
    private static let limit: Duration = .seconds(600)

    private let session: PostgreSQLSession
    private let source: any TaskSource
    private let subject: String

    /// Takes a session without an open transaction; `subject` is the first part of an error's text.
    init(_ session: PostgreSQLSession, _ source: any TaskSource, subject: String) {
        (self.session, self.source, self.subject) = (session, source, subject)
    }

    /// Adds all tasks; returns false if nothing was added.
    func run() throws(PostgreSQLFailure) -> Bool {
        var step = source.next()
        if case .end = step { return true }
        try begin()
        let now = try session.rows(of: Request(BulkSQL.now)).only.integer("now")
        while case .tasks(let tasks) = step {
            guard try add(tasks, now: now) else { return false }
            step = source.next()
        }
        guard case .end = step else { return false }
        try session.exchange([.commit], within: Self.limit)
        return true
    }

    private func begin() throws(PostgreSQLFailure) { try session.exchange([.begin, Request(BulkSQL.limits)]) }

    /// Adds a batch; returns false if a task was refused and everything is to be undone.
    private func add(_ tasks: [NumberedTask], now: Int64) throws(PostgreSQLFailure) -> Bool {
        guard !tasks.isEmpty else { return true }
        let numbers = try session.rows(of: Request(BulkSQL.numbers, [String(tasks.count)]), within: Self.limit)
        let rows = zip(numbers, tasks).map { Row(id: $0.integer("id"), task: $1) }
        if source.isLenient { return try place(rows[...], now: now) }
        do throws(PostgreSQLFailure) {
            let added = try copy(rows[...], now: now)
            tell(added, of: rows.count)
            return true
        } catch {
            guard error.code == .refused else { throw error }
            // Nothing will be added. A second transaction, undone as well, finds out which task was refused.
            try session.exchange([.rollback])
            try begin()
            guard try place(rows[...], now: now) else { return false }
            // By itself each task was accepted: this one conflicts with one before it.
            throw error
        }
    }

    private struct Row {
        let id: Int64
        let task: NumberedTask
        var added: AddedTask { AddedTask(id: id, name: task.task.name) }
    }

    /// Adds rows, and halves them if they are refused together, until each refused row is alone.
    ///
    /// - Returns: False if one was refused and the source is not lenient.
    private func place(_ rows: ArraySlice<Row>, now: Int64) throws(PostgreSQLFailure) -> Bool {
        try session.exchange([.mark])
        do throws(PostgreSQLFailure) {
            let added = try copy(rows, now: now)
            try session.exchange([.keep], within: Self.limit)
            if source.isLenient { tell(added, of: rows.count) }
            return true
        } catch {
            guard error.code == .refused, let first = rows.first else { throw error }
            try session.exchange([.undo, .keep])
            guard rows.count > 1 else {
                source.refused(first.task.number, error.storeError(subject: subject))
                return source.isLenient
            }
            let middle = rows.startIndex + rows.count / 2
            guard try place(rows[..<middle], now: now) else { return false }
            return try place(rows[middle...], now: now)
        }
    }

    private func tell(_ added: [AddedTask], of count: Int) {
        source.added(added)
        if added.count < count { source.notNeeded(count - added.count) }
    }

    /// Adds rows, without those that have an equal task waiting.
    private func copy(_ rows: ArraySlice<Row>, now: Int64) throws(PostgreSQLFailure) -> [AddedTask] {
        guard !rows.contains(where: { $0.task.task.hasNUL }) else {
            throw PostgreSQLFailure(state: "22021", message: "a text contains a NUL character, which cannot be stored")
        }
        var groups = CopyRows()
        // COPY cannot skip a row that has an equal task waiting: rows with a key take an INSERT.
        let keyed = rows.filter { $0.task.task.dedupeKey != nil }
        for row in rows where row.task.task.dedupeKey == nil { groups.add(row.task.task, id: row.id, now: now) }
        var kept = keyed.count
        for (columns, text) in groups.rows {
            kept += try session.copy(BuiltSQL.copy(columns), text, within: Self.limit)
        }
        guard kept == rows.count else { throw .notKept }
        guard !keyed.isEmpty else { return rows.map(\.added) }
        var added: Set<Int64> = []
        for request in TaskInsertion.numbered(keyed.map { ($0.id, $0.task.task) }) {
            added.formUnion(try session.rows(of: request, within: Self.limit).map { $0.integer("id") })
        }
        return rows.filter { $0.task.task.dedupeKey == nil || added.contains($0.id) }.map(\.added)
    }
}

extension NewTask {
    fileprivate var hasNUL: Bool {
        TaskColumn.inOrder.contains {
            if case .text(let text) = $0.value(in: self) { text.utf8.contains(0) } else { false }
        }
    }
}
