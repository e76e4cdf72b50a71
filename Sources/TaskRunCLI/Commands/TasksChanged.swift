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
    }

    /// The tasks, in the order in which they were named; those done where none was named.
    let tasks: [Change]

    /// Looks up why some were left as they are.
    init(asked: [Int64], done: [Int64], store: any TaskDesk) async throws(StoreError) {
        var tasks: [Change] = []
        let isDone = Set(done)
        var seen: Set<Int64> = []
        for id in asked.isEmpty ? done : asked where seen.insert(id).inserted {
            let status = isDone.contains(id) ? nil : try await store.show(id)?.status
            tasks.append(Change(id: id, isDone: isDone.contains(id), status: status))
        }
        self.tasks = tasks
    }

    /// ``ExitStatus/incomplete`` if one was left.
    var status: ExitStatus { tasks.allSatisfy(\.isDone) ? .done : .incomplete }

    /// `id`, the key with true or false, and `status` where it was not done: null if there is no such task.
    func json(key: String) -> [JSONValue] {
        tasks.map { task in
            let members: [(key: String, value: JSONValue)] = [("id", .number(task.id)), (key, .bool(task.isDone))]
            return .object(members + (task.isDone ? [] : [("status", .text(task.status?.rawValue))]))
        }
    }

    /// A line each: `12 is WAITING again`, `13 is PROCESSING: …`, `14 does not exist`.
    ///
    /// - Parameters:
    ///   - done: What is said of those done.
    ///   - otherwise: With which of them something else was done, and what is said of them.
    ///   - undone: What is said of the others, after their state.
    ///   - failed: What is said of those that are FAILED, where that is something else.
    /// - Returns: The lines.
    func lines(
        done: String,
        otherwise: (ids: Set<Int64>, words: String) = ([], ""),
        undone: String,
        failed: String? = nil
    ) -> [String] {
        tasks.map { task in
            if otherwise.ids.contains(task.id) { return "\(task.id) \(otherwise.words)" }
            if task.isDone { return "\(task.id) \(done)" }
            if let failed, task.status == .failed { return "\(task.id) is FAILED: \(failed)" }
            return task.status.map { "\(task.id) is \($0.rawValue): \(undone)" } ?? "\(task.id) does not exist"
        }
    }

    /// How many were done.
    func sum(_ what: String) -> String { "\(tasks.count) task\(tasks.count == 1 ? "" : "s") \(what)." }
}
