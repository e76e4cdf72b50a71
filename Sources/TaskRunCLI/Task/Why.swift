import Handlers
import TaskRun
import Text

/// Why tasks of one database are not running, as this host sees it.
struct Why {
    /// The facts.
    let facts: WaitFacts
    /// The words.
    let text: ReasonText
    private let decision: ReasonDecision

    /// Prepares to answer about the tasks of these facts.
    init(_ facts: WaitFacts, in program: Program, with settings: Settings, on host: HostView) {
        self.facts = facts
        text = ReasonText(now: facts.now, command: program.command(with: settings))
        decision = ReasonDecision(facts, on: host)
    }

    /// Everything that keeps a task from running, the most important first.
    func reasons(of task: TaskFacts) -> [Reason] { decision.reasons(of: task) }

    /// What `show` and `list` say of the tasks, by their numbers: the first reason of each.
    var said: [Int64: Said] {
        Dictionary(
            facts.tasks.compactMap { task in
                reasons(of: task).first.map { reason in
                    (task.id, Said(code: reason.code, sentence: text.sentence(reason), left: left(of: task)))
                }
            },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// A reason in words.
    struct Said {
        /// The word for programs.
        let code: String
        /// The sentence.
        let sentence: String
        /// How many tasks are left of the batch that it waits for, or nil if it waits for none.
        let left: String?
    }

    private func left(of task: TaskFacts) -> String? {
        guard task.afterBatch != nil, task.status == .waiting else { return nil }
        return CountText.write(task.otherCount, isPartial: task.otherCount >= facts.counted)
    }

    /// How many tasks one statement looks at.
    private static let mostAtOnce = 1_000

    /// What is said of tasks, some of them after the other; those that are not there any more are left out.
    static func said(
        of ids: [Int64],
        in store: any TaskDatabase,
        _ program: Program,
        _ settings: Settings,
        on host: HostView
    ) async throws(StoreError) -> [Int64: Said] {
        var said: [Int64: Said] = [:]
        for start in stride(from: 0, to: ids.count, by: mostAtOnce) {
            let part = Array(ids[start..<min(start + mostAtOnce, ids.count)])
            let why = Why(try await store.factsWithRuns(.ids(part)), in: program, with: settings, on: host)
            said.merge(why.said) { first, _ in first }
        }
        return said
    }
}

extension TaskStore where Self: Administration {
    /// The facts about tasks, with what is known of the runs of all hosts.
    ///
    /// A role that may not read the runs gets what the tasks say.
    func factsWithRuns(_ selection: WaitFacts.Selection) async throws(StoreError) -> WaitFacts {
        var facts = try await facts(selection)
        facts.runs = try? await runs(limit: RunOverview.mostRuns)
        if facts.runs != nil, let served = try? await servedNames() { facts.served = served }
        return facts
    }
}

extension Program {
    /// What this host knows besides the database; of handlers nothing if two of them have one name.
    func hostView(_ settings: Settings) -> HostView {
        let identity = RunIdentity.ofThisProcess()
        let list = try? HandlerList(self, settings, executables: settings.executables(self, run: identity))
        let most = list.map { list in
            let run = settings.runSettings(list.registry)
            return (
                standard: run.retry.maxAttempts,
                named: Dictionary(
                    list.registry.all.map { (ByteText($0.name), run.retryPolicy(for: $0).maxAttempts) },
                    uniquingKeysWith: { first, _ in first }
                )
            )
        }
        let processes = HostProcesses(identity: identity)
        return HostView(
            names: list?.registry.names,
            slots: settings.concurrency,
            mostAttempts: { name in most.map { $0.named[ByteText(name)] ?? $0.standard } },
            life: processes.life
        )
    }
}

extension JSONValue {
    /// The same object with the reason of a task: `reason` and `why`, null if there is none.
    func adding(_ said: Why.Said?) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members + [("reason", .text(said?.code)), ("why", .text(said?.sentence))])
    }

    /// The same object with more keys.
    func adding(_ more: [(key: String, value: JSONValue)]) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members + more)
    }
}
