import TaskRun

/// What was done to tasks that were named by their numbers, and why not to some of them.
struct TasksChanged {
    /// One task.
    struct Change: Equatable {
        let id: Int64
        /// Whether it was done.
        let isDone: Bool
        /// Its state where it was not done; nil: there is no such task.
        let status: TaskStatus?
        /// The batch that it waits for, if that was looked for.
        let batch: String?
    }

    /// The tasks, in the order in which they were named; those done where none was named.
    let tasks: [Change]

    /// Looks up why some were left as they are.
    ///
    /// - Parameters:
    ///   - asked: Those that were named; none: those done.
    ///   - done: Those with which it was done.
    ///   - hastened: Those among them that were made due, unless they wait for a batch; nil: batches are not looked for.
    ///   - store: Where to look.
    /// - Throws: What the store throws.
    init(asked: [Int64], done: [Int64], hastened: [Int64]? = nil, store: any TaskDesk) async throws(StoreError) {
        var tasks: [Change] = []
        let isDone = Set(done)
        let isHastened = Set(hastened ?? [])
        var seen: Set<Int64> = []
        for id in asked.isEmpty ? done : asked where seen.insert(id).inserted {
            let isDone = isDone.contains(id)
            let row = isDone && !isHastened.contains(id) ? nil : try await store.show(id)
            let batch = hastened != nil && row?.status == .waiting ? row?.afterBatch : nil
            tasks.append(Change(id: id, isDone: isDone, status: isDone ? nil : row?.status, batch: batch))
        }
        self.tasks = tasks
    }

    /// ``ExitStatus/incomplete`` if one was left.
    var status: ExitStatus { tasks.allSatisfy(\.isDone) ? .done : .incomplete }

    /// `id`, the key with true or false, `status` where it was not done, null if there is no such task, and `after_batch`
    /// where it waits for a batch.
    func json(key: String) -> [JSONValue] {
        tasks.map { task in
            var members: [(key: String, value: JSONValue)] = [("id", .number(task.id)), (key, .bool(task.isDone))]
            if !task.isDone { members.append(("status", .text(task.status?.rawValue))) }
            if let batch = task.batch { members.append(("after_batch", .text(batch))) }
            return .object(members)
        }
    }

    /// A line each: `12 is WAITING again`, `13 is PROCESSING: …`, `14 does not exist`.
    ///
    /// - Parameters:
    ///   - done: What is said of those done.
    ///   - otherwise: With which of them something else was done, and what is said of them.
    ///   - undone: What is said of the others, after their state.
    ///   - failed: What is said of those that are FAILED, where that is something else.
    ///   - refused: Those that the database does not let be changed, which is said of them.
    /// - Returns: The lines.
    func lines(
        done: String,
        otherwise: (ids: Set<Int64>, words: String) = ([], ""),
        undone: String,
        failed: String? = nil,
        refused: Set<String> = []
    ) -> [String] {
        tasks.map { task in
            if let batch = task.batch?.visible() {
                return task.isDone
                    ? "\(task.id) is delayed no more, and waits for batch \(batch)"
                    : "\(task.id) is WAITING: it waits for batch \(batch), so left as it is"
            }
            if otherwise.ids.contains(task.id) { return "\(task.id) \(otherwise.words)" }
            if task.isDone { return "\(task.id) \(done)" }
            if let status = task.status, refused.contains("\(task.id)") {
                return "\(task.id) is \(status.rawValue): the database refuses it, so left as it is"
            }
            if let failed, task.status == .failed { return "\(task.id) is FAILED: \(failed)" }
            return task.status.map { "\(task.id) is \($0.rawValue): \(undone)" } ?? "\(task.id) does not exist"
        }
    }

    /// How many were done.
    func sum(_ what: String) -> String { "\(tasks.count) task\(tasks.count == 1 ? "" : "s") \(what)." }
}
