import Synchronization
import TaskRun

/// What row-level security lets this role see of a table.
struct RowSight: Sendable, Equatable {
    /// Which rows.
    enum Kind: String { case none, some, all }

    let kind: Kind
    let role: String

    /// Reads what `schema_tables.sql` brings: `none worker`.
    init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 1)
        guard words.count == 2, let kind = Kind(rawValue: String(words[0])) else { return nil }
        (self.kind, role) = (kind, String(words[1]))
    }

    /// Why a table cannot be worked with.
    ///
    /// A part of the tasks may be what a role is for; of the other tables all has to be seen, as what is paused, or noted.
    func trouble(of table: String) -> TableShape.Trouble? {
        guard kind == .none || (kind == .some && table != "tasks") else { return nil }
        let what = kind == .none ? "no row" : "some rows only"
        return TableShape.Trouble(
            cause: "row-level security shows the role \(role) \(what) of the table \(table)",
            advice: advice(table)
        )
    }

    /// How a role gets to see all.
    func advice(_ table: String) -> String {
        """
        Run as the table's owner: CREATE POLICY taskrun ON \(table) TO "\(role)" USING (true) WITH CHECK (true), \
        or as a superuser: ALTER ROLE "\(role)" BYPASSRLS
        """
    }
}

extension PostgreSQLStore {
    /// Says once that policies may hide tasks.
    private func note(_ sight: RowSight?) {
        guard let sight, sight.kind == .some else { return isSightPartial.withLock { $0 = false } }
        let isNew = isSightPartial.withLock { isKnown in
            defer { isKnown = true }
            return !isKnown
        }
        let text =
            "\(location): row-level security may hide tasks from the role \(sight.role). \(sight.advice("tasks"))"
        if isNew { tell?(.warning(text)) }
    }

    /// Checks that a table in which policies let this role see nothing is empty, as far as the server's own count can tell.
    ///
    /// The count is no secret, and not exact; a table without any visible row is rare where policies are meant to show some.
    func requireSight(_ sight: RowSight?) async throws(StoreError) {
        note(sight)
        guard let sight, sight.kind == .some else { return }
        let row = try await reach(to: "look for tasks") { session throws(PostgreSQLFailure) in
            let row = try session.rows(of: Request(CheckSQL.unseen)).only
            return (isAnySeen: row.bool("any_seen"), count: row.integerIfAny("estimate") ?? 0)
        }
        guard !row.isAnySeen, row.count > 0 else { return }
        throw StoreError(
            .schema,
            subject: subject("use the tables"),
            cause: "row-level security shows the role \(sight.role) none of about \(row.count) tasks",
            advice: sight.advice("tasks")
        )
    }
}
