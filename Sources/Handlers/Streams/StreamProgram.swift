import Logging
import Platform
import Synchronization
import TaskRun

/// One running program of a stream handler, as those see it who give it tasks.
///
/// A class because two sides share it: whoever has a task writes its line at once, without a hand-over; the program's
/// own thread (``StreamLife``) reads what comes back and resumes whom it concerns.
final class StreamProgram: Sendable {
    /// What became of a task that was to be given to the program.
    enum Delivery {
        /// The last one was answered, or stopped.
        case ended(HandlerOutcome)
        /// The program fell down with it in hand.
        case crashed(String)
        /// The program could not be given this one: it has read nothing of it.
        case undelivered(StreamTask, String)
    }

    /// What a program is asked to do; the later one is the stronger one.
    enum Order: Comparable {
        case none, close, terminate
    }

    enum Phase { case starting, idle, busy, gone }

    struct Assignment {
        var task: StreamTask
        let next: NextTask
        let continuation: CheckedContinuation<Delivery, Never>
        /// The answer, where it counts only with the program's end.
        var answer: HandlerOutcome?
    }

    struct State {
        var phase = Phase.starting
        var order = Order.none
        /// Our end of its stdin; -1 before the start and once closed.
        var input: Int32 = -1
        /// What its pipe did not take at once.
        var unwritten: ArraySlice<UInt8> = []
        /// Which keys it wants of a task; nil: all.
        var keys: Set<StreamTask.Key>?
        var assignment: Assignment?
        /// How many tasks it was given.
        var given = 0
        var hasAnswered = false
        var starter: CheckedContinuation<String?, Never>?
        /// Whether it is ended because the attempt it is busy with was cancelled.
        var isCancelled = false
        /// Whether it has closed its stdin.
        var isDeaf = false
        /// How it ended, or why it is ended.
        var epitaph = "it has ended"
    }

    /// For what concerns no single task.
    let logger: Logger
    let bell: Bell
    private let state = Mutex(State())

    init(logger: Logger) throws(StartError) {
        var logger = logger
        logger[metadataKey: "task.id"] = nil
        self.logger = logger
        bell = try Bell.opened()
    }

    /// Reads or changes what both sides share.
    func with<Result>(_ body: (inout State) -> sending Result) -> sending Result { state.withLock { body(&$0) } }

    /// Whether it can be given a task.
    var isIdle: Bool { with { $0.canTake } }

    /// Whether it has ever answered a task.
    var hasAnswered: Bool { with { $0.hasAnswered } }

    /// Waits until it has said hello.
    ///
    /// - Parameter begin: Starts its thread.
    /// - Returns: Nil, or why it did not come so far; it has ended then.
    func start(_ begin: () -> Void) async -> String? {
        begin()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (phase, epitaph) = with { state in
                    if state.phase == .starting { state.starter = continuation }
                    return (state.phase, state.epitaph)
                }
                // It may have come, or gone, before anybody waited for it.
                if phase != .starting { continuation.resume(returning: phase == .gone ? epitaph : nil) }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Gives it a task, and others after it, and waits for the end of the last: an answer, or the program's own end.
    ///
    /// When the calling Swift task is cancelled, the program is ended.
    func perform(_ task: StreamTask, next: @escaping NextTask) async -> Delivery {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let assignment = Assignment(task: task, next: next, continuation: continuation)
                let (why, isMore) = with { state -> (String?, Bool) in
                    guard state.canTake else { return (state.epitaph, false) }
                    let why = state.write(task)
                    if why == nil { (state.phase, state.assignment) = (.busy, assignment) }
                    return (why, !state.unwritten.isEmpty)
                }
                if let why { continuation.resume(returning: .undelivered(task, why)) }
                if isMore { bell.ring() }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Asks it to leave.
    func order(_ order: Order) {
        with { $0.order = max($0.order, order) }
        bell.ring()
    }

    private func cancel() {
        with { ($0.order, $0.isCancelled) = (.terminate, true) }
        bell.ring()
    }
}

extension StreamProgram.State {
    /// Whether a task can be written to it.
    var canTake: Bool { phase == .idle && order == .none && !isDeaf }

    /// Writes the line of a task, as far as the pipe takes it; returns why it could not be.
    mutating func write(_ task: StreamTask) -> String? {
        let line = task.line(keys: keys)
        let count = writeBytes(input, line, line.count)
        guard count >= 0 || errno == EAGAIN || errno == EINTR else {
            isDeaf = true
            return "it closed its stdin"
        }
        given += 1
        unwritten = line[max(0, count)...]
        return nil
    }
}
