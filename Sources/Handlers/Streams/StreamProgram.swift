import Logging
import Platform
import Synchronization
import TaskRun

/// One running program of a stream handler, as the callers see it that give it tasks.
///
/// A class because two sides share it. The caller with a task writes the task's line at once, without a hand-over. The
/// program's own thread (``StreamLife``) reads the answers and resumes the callers that wait for them.
final class StreamProgram: Sendable {
    /// What became of a task that was given to the program.
    enum Delivery {
        /// The last task was answered, or stopped.
        case ended(HandlerOutcome)
        /// The program crashed while it had the task.
        case crashed(String)
        /// The program could not be given this task: it has read nothing of it.
        case undelivered(StreamTask, String)
    }

    /// What a program is asked to do; a later case is stronger than an earlier one.
    enum Order: Comparable {
        case none, close, terminate
    }

    enum Phase { case starting, idle, busy, gone }

    struct Assignment {
        var task: StreamTask
        let next: NextTask
        let continuation: CheckedContinuation<Delivery, Never>
        /// The answer, if it counts only once the program has ended.
        var answer: HandlerOutcome?
    }

    struct State {
        var phase = Phase.starting
        var order = Order.none
        /// This process's end of its stdin; -1 before the start and once closed.
        var input: Int32 = -1
        /// What its pipe did not accept at once.
        var unwritten: ArraySlice<UInt8> = []
        /// The keys of a task that it wants, or nil for all.
        var keys: Set<HandlerField>?
        var assignment: Assignment?
        /// How many tasks it got.
        var given = 0
        var hasAnswered = false
        var starter: CheckedContinuation<String?, Never>?
        /// Whether it is being ended because its present attempt was cancelled.
        var isCancelled = false
        /// Whether it has closed its stdin.
        var hasClosedInput = false
        /// How it ended, or why it is being ended.
        var endText = "it has ended"
    }

    /// For messages that concern no single task.
    let logger: Logger
    let wakeUp: WakeUp
    private let state = Mutex(State())

    init(logger: Logger) throws(StartError) {
        var logger = logger
        logger[metadataKey: "task.id"] = nil
        self.logger = logger
        wakeUp = try WakeUp.opened()
    }

    /// Reads or changes the shared state.
    func with<Result>(_ body: (inout State) -> sending Result) -> sending Result { state.withLock { body(&$0) } }

    /// Whether it can take a task.
    var isIdle: Bool { with { $0.canTake } }

    /// Whether it has ever answered a task.
    var hasAnswered: Bool { with { $0.hasAnswered } }

    /// Waits until it has sent its hello.
    ///
    /// - Parameter begin: Starts its thread.
    /// - Returns: Nil, or why it ended before it sent its hello.
    func start(_ begin: () -> Void) async -> String? {
        begin()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (phase, endText) = with { state in
                    if state.phase == .starting { state.starter = continuation }
                    return (state.phase, state.endText)
                }
                // The hello or the end may have come before this call began to wait.
                if phase != .starting { continuation.resume(returning: phase == .gone ? endText : nil) }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Gives it a task, and others after it, and waits for the end of the last one: an answer, or the program's own
    /// end.
    ///
    /// When the calling Swift task is cancelled, the program is ended.
    func perform(_ task: StreamTask, next: @escaping NextTask) async -> Delivery {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let assignment = Assignment(task: task, next: next, continuation: continuation)
                let (why, isMore) = with { state -> (String?, Bool) in
                    guard state.canTake else { return (state.endText, false) }
                    let why = state.write(task)
                    if why == nil { (state.phase, state.assignment) = (.busy, assignment) }
                    return (why, !state.unwritten.isEmpty)
                }
                if let why { continuation.resume(returning: .undelivered(task, why)) }
                if isMore { wakeUp.wake() }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Asks it to end.
    func order(_ order: Order) {
        with { $0.order = max($0.order, order) }
        wakeUp.wake()
    }

    private func cancel() {
        with { ($0.order, $0.isCancelled) = (.terminate, true) }
        wakeUp.wake()
    }
}

extension StreamProgram.State {
    /// Whether a task can be written to it.
    var canTake: Bool { phase == .idle && order == .none && !hasClosedInput }

    /// Writes the line of a task, as far as the pipe accepts it; returns why that failed, or nil.
    mutating func write(_ task: StreamTask) -> String? {
        let line = task.line(keys: keys)
        let count = writeBytes(input, line, line.count)
        guard count >= 0 || errno == EAGAIN || errno == EINTR else {
            hasClosedInput = true
            return "it closed its stdin"
        }
        given += 1
        unwritten = line[max(0, count)...]
        return nil
    }
}
