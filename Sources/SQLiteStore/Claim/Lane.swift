/// The waiting tasks of one name, queue and priority, with the position of the first one in due order.
struct Lane: Sendable, Equatable {
    let name: String
    /// The bytes of the queue's name, which need not be UTF-8.
    let queue: [UInt8]
    /// A whole number of 32 bits, if the table's checks were obeyed.
    let priority: Double
    /// The `run_at` of the first task as a Julian day; after a claim, a lower bound of it.
    var firstRunAt: Double
    /// The number of the first task; after a claim, a number that no waiting task with that `run_at` precedes.
    var firstID: Int64

    /// The position of the first task.
    var position: (priority: Double, runAt: Double, id: Int64) { (priority, firstRunAt, firstID) }
}
