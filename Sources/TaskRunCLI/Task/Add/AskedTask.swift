import TaskRun
import Text

/// A task whose result is wanted: added with a token, or not at all if one with the same name and payload has just
/// ended.
struct AskedTask {
    let task: NewTask
    /// The token, or nil to make one.
    let token: String?
    /// How old a result for the same name and payload may be to be used instead, or nil to use none.
    let reuse: Duration?
    /// Whether the command waits for the end.
    let isWaitedFor: Bool
    /// For how long at most.
    let patience: Duration?

    /// Adds it, or finds a result to use, and answers.
    ///
    /// - Throws: ``ProgramError`` or StoreError.
    func run(in program: Program, _ settings: Settings, isJSON: Bool) async throws -> ExitStatus {
        let end = patience.map { ContinuousClock.now + $0 }
        return try await program.withStore(settings) { store in
            try await store.requireSchema()
            let known = try await equal(in: store)
            let token = known ?? self.token ?? Self.makeToken()
            let id = known == nil ? try await add(token, to: store) : nil
            if let id {
                await HookList.tell(HookAddition(count: 1, firstID: id, lastID: id, task: task), program, settings)
            }
            guard isWaitedFor else {
                var members: [(key: String, value: JSONValue)] = [
                    ("id", .number(id)), ("task_name", .text(task.name)), ("token", .text(token)),
                ]
                if reuse != nil { members.append(("reused", .bool(known != nil))) }
                let what =
                    id.map { "Task \($0) is added; do not add it again. Its token is in: \(program.name) show \($0)" }
                    ?? "Nothing was added: an equal task has just ended"
                try AddedTasks.sayWhereUnwritten(what, program) {
                    try program.output.write(isJSON ? JSONValue.object(members).line : token)
                }
                return .done
            }
            let call = SynchronousCall(program: program, settings: settings, store: store, token: token)
            let state = try await call.run(until: end, stop: StopSignal())
            var status = ExitStatus.unwritten
            let result = "its result: \(program.name) result \(token.visible())"
            let what = id.map { "Task \($0) is added; do not add it again" } ?? "Nothing was added"
            let isWritten = try AddedTasks.sayWhereUnwritten("\(what); \(result)", program) {
                status = try TokenAnswer(program: program, isJSON: isJSON).tell(state, of: token)
            }
            return isWritten ? status : .unwritten
        }
    }

    private func equal(in store: any TaskDatabase) async throws -> String? {
        guard let reuse else { return nil }
        return try await store.reusable(
            name: task.name,
            dataHash: SHA256.hex(Array(task.data.utf8)),
            within: reuse
        )
    }

    private func add(_ token: String, to store: any TaskDatabase) async throws -> Int64? {
        var task = task
        task.token = token
        do {
            return try await store.add([task]).first
        } catch {
            guard error.code == .refused else { throw error }
            let state = try await store.states(of: [token]).first { $0.runAt != nil || $0.state == .failed }
            guard let state, self.token != nil else { throw error }
            throw ProgramError(
                .badData,
                "cannot add the task: task \(state.id) \"\(state.name)\", \(state.state.rawValue), has the same token",
                advice: "Use another token, or ask for the result of this one."
            )
        }
    }

    /// 32 hexadecimal digits that cannot be guessed: 128 bits of the system's randomness.
    private static func makeToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
