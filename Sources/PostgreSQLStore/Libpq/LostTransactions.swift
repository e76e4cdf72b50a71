/// Transactions whose sessions were lost before their answers came: the server may still commit them.
struct LostTransactions: Sendable {
    /// The server processes of the lost sessions, as libpq knows them; behind a pooler these are the pooler's numbers.
    private(set) var processes: Set<Int32> = []
    /// Who may be at such a transaction, of those that were there at the first look after the loss.
    private var open: Set<String> = []
    private var isLookedAt = true

    /// Whether none may be open.
    var isEmpty: Bool { processes.isEmpty }

    /// Notes a lost session.
    mutating func add(_ process: Int32) {
        processes.insert(process)
        isLookedAt = false
    }

    /// Notes who is there now: those that were not there at the first look are others.
    ///
    /// - Returns: Whether none of the transactions can be open any more.
    mutating func note(_ present: Set<String>) -> Bool {
        open = isLookedAt ? open.intersection(present) : present
        isLookedAt = true
        if open.isEmpty { processes = [] }
        return open.isEmpty
    }

    /// Who may be at a lost transaction.
    ///
    /// A server process that was a lost session's, until it has ended: what was sent to it may not even have begun. Where a pooler stands
    /// in between the process is not known: then each session of this role that has a transaction open.
    /// Values: processes, the present session's process as libpq knows it.
    static let present = Statement(
        "lost_transactions",
        """
        SELECT pg_catalog.concat(pid, ' ', extract(epoch FROM CASE WHEN $2::integer = pg_backend_pid() THEN backend_start ELSE xact_start END))
        FROM pg_catalog.pg_stat_activity
        WHERE pid <> pg_backend_pid()
            AND (
                $2::integer = pg_backend_pid() AND pid = ANY ($1::integer[])
                OR $2::integer <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'
                    AND datname = current_database() AND usename = session_user
            )
        """
    )
}
