import TaskRun

/// What a command did to tasks given by number, and why it left some as they are.
struct TasksChanged {
    /// One task.
    struct Change: Equatable {
        let id: Int64
        /// Whether it was done.
        let isDone: Bool
        /// Its state if it was not done, or nil if there is no such task.
        let status: TaskStatus?
        /// The batch that it waits for, if that was looked for.
        let batch: String?
    }

    /// The given tasks in their order, or those done if none was given.
    let tasks: [Change]

    /// Looks up why some were left as they are.
    ///
    /// - Parameters:
    ///   - asked: The given tasks; if there are none, those done count.
    ///   - done: The tasks that were changed.
    ///   - hastened: Those of them that were made due, unless they wait for a batch; nil skips the look for batches.
    ///   - store: Where to look.
    /// - Throws: What the store throws.
    init(asked: [Int64], done: [Int64], hastened: [Int64]? = nil, store: any TaskDatabase) async throws(StoreError) {
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

    /// `id`; the key with true or false; `status` if it was not done, null if there is no such task; `after_batch` if
    /// it waits for a batch.
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
    ///   - done: The words for tasks that were changed.
    ///   - otherwise: Tasks that were changed in another way, and the words for them.
    ///   - undone: The words for the others, after their state.
    ///   - failed: The words for FAILED ones, if they differ from these.
    ///   - refused: Tasks that the database refuses to change, which their lines say.
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
                    ? "\(task.id) is no longer delayed, and waits for batch \(batch)"
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
