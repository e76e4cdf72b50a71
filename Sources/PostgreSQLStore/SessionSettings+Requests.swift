import TaskRun

/// The statements that set a session up. They are run with the names as the user has them, so each name of theirs says whose it is.
extension SessionSettings {
    /// Sets them for the session if the process that answers is the one that libpq was told of when it connected.
    ///
    /// A pooler tells a number of its own. One row: how many were set, or NULL where nothing was.
    func request(ifAnswering processID: Int32) -> Request {
        Request(SessionSQL.settings, arrays + [String(processID)])
    }

    /// Sets them for the transaction.
    var requestForTransaction: Request { Request(SessionSQL.settingsOfTransaction, arrays) }

    private var arrays: [String?] {
        [SQLText.array(values.map { Optional($0.name) }), SQLText.array(values.map { Optional($0.value) })]
    }
}
