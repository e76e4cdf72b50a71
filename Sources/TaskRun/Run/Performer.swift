import Platform
import Text

/// Performs one claimed task: finds its handler, makes its context, and returns how it ended.
///
/// A class because each worker asks it several times per task: passing it on costs nothing.
final class Performer: Sendable {
    let registry: HandlerRegistry
    let settings: RunSettings
    let retention: ResultRetention
    let messages: HandlerMessages
    /// How long the store keeps the history of tasks.
    let history: HistoryRetention
    let observer: (@Sendable (RunEvent) -> Void)?

    init(
        registry: HandlerRegistry,
        settings: RunSettings,
        messages: HandlerMessages,
        history: HistoryRetention,
        observer: (@Sendable (RunEvent) -> Void)?
    ) {
        self.history = history
        (self.registry, self.settings, self.messages, self.observer) = (registry, settings, messages, observer)
        retention = settings.retention(registry)
    }

    /// Performs a task, and others of its name that `next` returns for the outcome of the task before.
    ///
    /// - Returns: How the last task ended.
    func perform(
        _ task: ClaimedTask,
        next: @escaping @Sendable (HandlerOutcome) -> ClaimedTask?
    ) async -> HandlerOutcome {
        guard let handler = registry[task.name] else { return .stopped }
        guard isText(task) else {
            return Self.noText
        }
        return await handler.perform(task, in: begin(task, handler)) { outcome in
            next(outcome).map { ($0, self.begin($0, handler)) }
        }
    }

    /// Whether a task may follow another one of its name without further checks.
    func canFollow(_ task: ClaimedTask) -> Bool { task.data.count <= 1 << 16 && isText(task) }

    func isText(_ task: ClaimedTask) -> Bool { String(validating: task.data, as: UTF8.self) != nil }

    static let noText = HandlerOutcome.permanentlyFailed(
        error: "the data is not valid UTF-8, so it is not JSON. Insert it as UTF-8 text."
    )

    func begin(_ task: ClaimedTask, _ handler: any Handler) -> TaskContext {
        observer?(.began(task))
        var context = TaskContext(
            task: task,
            maxAttempts: task.maxAttempts ?? settings.retryPolicy(for: handler).maxAttempts,
            deadline: Date(timeIntervalSinceNow: timeLimit(of: task) / .seconds(1)),
            messages: messages
        )
        if handler.kind == .sql {
            context.record = record(of: task, began: .now, .delete)
            if history[task.name] != nil { context.facts = AttemptFacts(task) }
        }
        return context
    }

    /// The result record of a task with a token that ends like this, or nil for a task without a token, or one that
    /// goes on.
    func record(of task: ClaimedTask, began: ContinuousClock.Instant?, _ verdict: Verdict) -> ResultRecord? {
        guard task.token != nil else { return nil }
        return ResultRecord(
            keep: retention[task.name],
            began: began,
            dataHash: verdict == .delete ? SHA256.hex(task.data) : nil
        )
    }

    /// What the history keeps of an attempt that has ended, or nil for nothing.
    func facts(of attempt: Attempt, _ program: ProgramFacts?, isSkipped: Bool = false) -> AttemptFacts? {
        guard history[attempt.task.name] != nil else { return nil }
        return AttemptFacts(
            attempt.task,
            began: attempt.began,
            ran: attempt.took,
            program: program,
            isSkipped: isSkipped
        )
    }

    /// The result record of a task whose handler has ended.
    func record(of attempt: Attempt, _ verdict: Verdict, progress: ProgressNote?) -> ResultRecord? {
        let began = ContinuousClock.now - attempt.took
        guard var record = record(of: attempt.task, began: began, verdict) else { return nil }
        record.progress = progress
        if verdict == .delete, case .succeeded(let result, let size) = attempt.outcome {
            record.size = size ?? result.count
            record.result = ResultRecord.cut(result, to: settings.maxResult, isCut: record.size > result.count)
        }
        return record
    }

    /// How many attempts there are.
    func maxAttempts(of task: ClaimedTask) -> Int { task.maxAttempts ?? maxAttempts(ofName: task.name) }

    /// How many attempts tasks of a name have if the row has no limit of its own.
    func maxAttempts(ofName name: String) -> Int {
        (registry[name].map { settings.retryPolicy(for: $0) } ?? settings.retry).maxAttempts
    }

    /// How long this attempt may take.
    func timeLimit(of task: ClaimedTask) -> Duration {
        registry[task.name].map { settings.timeout(for: task, handler: $0) } ?? settings.timeout
    }

    /// What the end of this attempt means, or nil if nothing is left to settle.
    func verdict(_ outcome: HandlerOutcome, for task: ClaimedTask) -> Verdict? {
        let policy = registry[task.name].map { settings.retryPolicy(for: $0) } ?? settings.retry
        return Verdict.decide(outcome: outcome, task: task, policy: policy, spread: .random(in: 0..<1))
    }
}
