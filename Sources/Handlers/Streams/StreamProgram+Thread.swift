import Logging
import Platform
import TaskRun

/// What the program's own thread does to what both sides share.
extension StreamProgram {
    /// Writes more of a long task; false: the program does not read any more.
    func writeMore() -> Bool {
        with { state in
            while !state.unwritten.isEmpty, state.input >= 0 {
                let count = state.unwritten.withUnsafeBytes { writeBytes(state.input, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                if count < 0, errno == EAGAIN { return true }
                guard count > 0 else {
                    state.unwritten = []
                    return false
                }
                state.unwritten = state.unwritten.dropFirst(count)
            }
            return true
        }
    }

    /// Does what a message asks for; returns why the program must not have said it now.
    func take(_ message: StreamMessage) -> String? {
        switch message {
        case .hello(let version, let keys): return hello(version, keys)
        case .log(let text, let level):
            guard with({ $0.phase != .starting }) else { return Self.noHello }
            (with { $0.assignment?.task.context.logger } ?? logger).log(level: level, "\(text)")
            return nil
        case .progress(let task, let progress, let note):
            guard let assignment = with({ $0.assignment }), assignment.id == task else { return notInHand(task) }
            // What makes no sense is warned of there, once a task: the work goes on.
            assignment.task.context.progress(progress?.done ?? -1, of: progress?.total, note: note)
            return nil
        case .end(let task, let outcome, let isLast, let followUps):
            return end(task, outcome, isLast, followUps)
        }
    }

    private static let noHello = "its first line is no hello: {\"hello\":1}"

    private func hello(_ version: Int64, _ keys: Set<StreamTask.Key>?) -> String? {
        guard version == 1 else { return "it speaks version \(version) of the protocol; this taskrun speaks version 1" }
        let (starter, isFirst) = with { state in
            let isFirst = state.phase == .starting
            if isFirst { (state.phase, state.keys) = (.idle, keys) }
            defer { state.starter = nil }
            return (state.starter, isFirst)
        }
        starter?.resume(returning: nil)
        return isFirst ? nil : "a second hello"
    }

    private func end(_ task: Int64, _ outcome: HandlerOutcome, _ isLast: Bool, _ followUps: [NewTask]) -> String? {
        let (why, done) = with { state -> (String?, Assignment?) in
            guard let assignment = state.assignment, assignment.id == task, assignment.answer == nil else {
                return (state.phase == .starting ? Self.noHello : notInHand(task, state.assignment), nil)
            }
            guard state.unwritten.isEmpty else { return ("an answer before it had read the whole task", nil) }
            // They are few enough, and the only ones of this attempt.
            if !followUps.isEmpty { try? assignment.task.context.add(followUps) }
            state.hasAnswered = true
            if isLast { state.order = max(state.order, .close) }
            // One that is on its way out is not done with its task before it is gone: its place is not free.
            guard state.order == .none, !state.isDeaf else {
                state.assignment?.answer = outcome
                return (nil, nil)
            }
            return (nil, assignment)
        }
        if let done { goOn(done, after: outcome) }
        return why
    }

    /// Gives the program its next task at once, if there is one, and tells who waits otherwise.
    private func goOn(_ done: Assignment, after outcome: HandlerOutcome) {
        guard let (task, context) = done.next(outcome) else {
            with { ($0.phase, $0.assignment) = (.idle, nil) }
            return done.continuation.resume(returning: .ended(outcome))
        }
        let next = StreamTask(task: task, context: context)
        let why = with { state -> String? in
            state.assignment?.task = next
            // Cancelled meanwhile: it is stopped when the program is gone.
            guard state.order == .none else { return nil }
            let why = state.write(next)
            if why != nil { state.assignment = nil }
            return why
        }
        if let why { done.continuation.resume(returning: .undelivered(next, why)) }
    }

    private func notInHand(_ task: Int64) -> String {
        with { $0.phase == .starting ? Self.noHello : notInHand(task, $0.assignment) }
    }

    private func notInHand(_ task: Int64, _ assignment: Assignment?) -> String {
        "a line about task \(task), which it has not in hand"
            + (assignment.map { $0.answer == nil ? " (it has task \($0.id))" : " any more" } ?? " (it has none)")
    }

    /// Tells whoever waits that the program is gone.
    func gone(_ end: StreamEnd) {
        let before = with { state in
            defer {
                (state.phase, state.epitaph, state.input) = (.gone, end.text, -1)
                (state.starter, state.assignment) = (nil, nil)
            }
            return (phase: state.phase, starter: state.starter, task: state.assignment, isCancelled: state.isCancelled)
        }
        before.starter?.resume(returning: end.text)
        if let task = before.task {
            let outcome = task.answer ?? (before.isCancelled ? .stopped : nil)
            task.continuation.resume(returning: outcome.map { .ended($0) } ?? .crashed(end.text))
        } else if end.isCrash, before.phase != .starting {
            logger.warning("while it had no task: \(end.text)")
        }
    }
}

extension StreamProgram.Assignment {
    fileprivate var id: Int64 { task.task.id }
}
