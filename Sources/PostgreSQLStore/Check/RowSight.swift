import TaskRun

/// The rows of a table that row-level security shows this role.
struct RowSight: Sendable, Equatable {
    enum Kind: String { case none, some, all }

    let kind: Kind
    let role: String

    /// Reads the column of `schema_tables.sql`: `none worker`.
    init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 1)
        guard words.count == 2, let kind = Kind(rawValue: String(words[0])) else { return nil }
        (self.kind, role) = (kind, String(words[1]))
    }

    /// Why the store cannot work with a table.
    ///
    /// A role may be meant for a part of the tasks. Of the other tables it must see everything: pauses, for example.
    func trouble(of table: String) -> TableShape.Trouble? {
        guard kind == .none || (kind == .some && table != "tasks") else { return nil }
        let what = kind == .none ? "no row" : "some rows only"
        return TableShape.Trouble(
            cause: "row-level security shows the role \(role) \(what) of the table \(table)",
            advice: advice(table)
        )
    }

    /// How to let a role see everything.
    func advice(_ table: String) -> String {
        """
        Run as the table's owner: CREATE POLICY taskrun ON \(table) TO "\(role)" USING (true) WITH CHECK (true), \
        or as a superuser: ALTER ROLE "\(role)" BYPASSRLS
        """
    }
}
