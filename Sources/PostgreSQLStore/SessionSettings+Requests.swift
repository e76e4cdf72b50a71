import TaskRun

/// The statements that set a session up. They are run with the names as the user has them, so each name of theirs says whose it is.
extension SessionSettings {
    /// Sets them for the session if the process that answers is the one that libpq was told of when it connected.
    ///
    /// A pooler tells a number of its own. One row: how many were set, or NULL where nothing was.
    func request(ifAnswering processID: Int32) -> Request {
        Request(Self.session, arrays + [String(processID)])
    }

    /// Sets them for the transaction.
    var requestForTransaction: Request { Request(Self.transaction, arrays) }

    private var arrays: [String?] {
        [SQLText.array(values.map { Optional($0.name) }), SQLText.array(values.map { Optional($0.value) })]
    }

    /// Values: names, values, a process number.
    private static let session = Statement(
        "session_settings",
        """
        SELECT CASE
            WHEN pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) $3::integer
            THEN (SELECT pg_catalog.count(pg_catalog.set_config(name, value, false)) FROM \(known))
        END
        """
    )

    /// Values: names, values.
    private static let transaction = Statement(
        "transaction_settings",
        """
        SELECT pg_catalog.set_config(name, value, true) FROM \(known)
        """
    )

    /// Those that the server has. (Of several lists `unnest` is PostgreSQL's own in any case.)
    private static let known = """
        unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) AS setting (name, value)
            WHERE name OPERATOR(pg_catalog.<>) '\(connectionCheck)'
                OR pg_catalog.current_setting('server_version_num')::integer OPERATOR(pg_catalog.>=) 140000
                    AND pg_catalog.strpos(pg_catalog.version(), 'linux') OPERATOR(pg_catalog.>) 0
        """
}
