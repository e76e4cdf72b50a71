/// Transactions whose sessions were lost before their answers came: the server may still commit them.
struct LostTransactions: Sendable {
    /// The server processes of the lost sessions, as libpq knows them; behind a pooler these are the pooler's numbers.
    private(set) var processes: Set<Int32> = []
    /// The sessions that may have such a transaction open, of those that the first look after the loss found.
    private var open: Set<String> = []
    private var isLookedAt = true

    var isEmpty: Bool { processes.isEmpty }

    /// Notes a lost session.
    mutating func add(_ process: Int32) {
        processes.insert(process)
        isLookedAt = false
    }

    /// Notes the present sessions; those that the first look did not find are others.
    ///
    /// - Returns: Whether none of the transactions can be open any more.
    mutating func note(_ present: Set<String>) -> Bool {
        open = isLookedAt ? open.intersection(present) : present
        isLookedAt = true
        if open.isEmpty { processes = [] }
        return open.isEmpty
    }
}
