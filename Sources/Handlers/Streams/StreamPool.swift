import Logging
import Platform
import Synchronization
import SystemPackage
import TaskRun

/// The running programs of one stream handler: started when a task needs one, and kept for the next task.
///
/// There are never more programs than attempts at once. A class because all attempts of a run share it.
final class StreamPool: Sendable {
    private struct State {
        /// The free programs; the one that was busy last is used first, because its memory is still in the caches.
        var idle: [StreamProgram] = []
        var lives: [ObjectIdentifier: (program: StreamProgram, life: Task<Void, Never>)] = [:]
        var pace = StreamPace()
        /// The cause of the last failed start.
        var cause = NotBegun.Cause.handler
    }

    private let program: Program
    private let killAfter: Duration
    private let lineLimit: Int
    private let state = Mutex(State())

    /// Creates a pool without programs.
    init(program: Program, killAfter: Duration, lineLimit: Int) {
        self.program = program
        self.killAfter = killAfter
        self.lineLimit = lineLimit
    }

    /// How often a new program may refuse a task before the task fails.
    private static let refusalLimit = 3

    /// Gives a task, and those that follow, to a program, and starts one if all are busy.
    func perform(_ task: StreamTask, next: @escaping NextTask) async -> HandlerOutcome {
        var task = task
        var refusals = 0
        while !Task.isCancelled {
            let idle = state.withLock { $0.idle.popLast() }
            let stream: StreamProgram
            if let idle {
                stream = idle
            } else {
                switch await start(task.context.logger) {
                case .success(let started): stream = started
                case .failure(.again): continue
                case .failure(.refused(let why)): return .notBegun(why)
                }
            }
            switch await stream.perform(task, next: next) {
            case .ended(let outcome):
                putBack(stream)
                return outcome
            case .crashed(let why):
                return .failed(error: why)
            case .undelivered(let left, let why):
                task = left
                // A free program may have ended at any moment; a program that has just sent its hello should not have.
                refusals += idle == nil ? 1 : 0
                if refusals == Self.refusalLimit {
                    return .notBegun(NotBegun(.handler, "\(program.path) took no task, \(refusals) times: \(why)"))
                }
            }
        }
        return .stopped
    }

    /// Ends all programs and waits for their end: first their stdin is closed, then comes SIGTERM, then SIGKILL.
    func close() async {
        let lives = state.withLock { state in
            state.idle = []
            return Array(state.lives.values)
        }
        for (program, _) in lives { program.order(.close) }
        for (_, life) in lives { await life.value }
    }

    private enum NoStart: Error {
        /// Look for a free program and decide anew.
        case again
        case refused(NotBegun)
    }

    private func start(_ logger: Logger) async -> Result<StreamProgram, NoStart> {
        switch state.withLock({ $0.pace.decide(now: .now) }) {
        case .refuse(let why):
            return .failure(.refused(NotBegun(state.withLock { $0.cause }, why)))
        case .wait(let moment):
            // A cancelled wait is noticed by the caller.
            try? await Task.sleep(until: moment, clock: .continuous)
            return .failure(.again)
        case .start:
            break
        }
        do {
            let stream = try StreamProgram(logger: logger)
            guard let why = await stream.start({ begin(stream) }) else {
                state.withLock { $0.pace.started() }
                return .success(stream)
            }
            return .failure(failed(why))
        } catch {
            state.withLock { $0.cause = SpawnFailure.cause(of: error) }
            return .failure(failed(describe(error)))
        }
    }

    private func failed(_ why: String) -> NoStart {
        guard !Task.isCancelled else { return .again }
        return state.withLock { state in
            // The machine has no room for one more program, and may have it soon: other tasks are not delayed.
            if state.cause == .scarcity { return .refused(NotBegun(.scarcity, why)) }
            state.pace.startFailed(why, now: .now)
            return state.pace.hasGivenUp ? .refused(NotBegun(state.cause, why)) : .again
        }
    }

    /// Gives a program its thread.
    private func begin(_ stream: StreamProgram) {
        state.withLock { state in
            // Outlives the attempt that needed the program first; `close()` waits for it.
            let life = Task { await self.live(stream) }
            state.lives[ObjectIdentifier(stream)] = (stream, life)
        }
    }

    private func live(_ stream: StreamProgram) async {
        let end: StreamEnd
        var cause = NotBegun.Cause.handler
        do {
            end = try await BlockingThread.run { [program, killAfter, lineLimit] _ in
                Result { try StreamLife.live(program, desk: stream, killAfter: killAfter, lineLimit: lineLimit) }
            }.get()
        } catch {
            end = StreamEnd(notStarted: describe(error))
            cause = SpawnFailure.cause(of: error)
        }
        state.withLock { [cause] state in
            state.cause = cause
            state.idle.removeAll { $0 === stream }
            state.lives[ObjectIdentifier(stream)] = nil
            if stream.hasAnswered { state.pace.answered() }
            if end.isCrash, !end.isStart { state.pace.crashed(now: .now) }
        }
        stream.gone(end)
    }

    private func putBack(_ stream: StreamProgram) {
        let isIdle = stream.isIdle
        state.withLock { state in
            state.pace.answered()
            if isIdle { state.idle.append(stream) }
        }
    }

    private func describe(_ error: any Error) -> String {
        SpawnFailure.text(error, path: program.path.string, workingDirectory: program.workingDirectory.string)
    }
}
