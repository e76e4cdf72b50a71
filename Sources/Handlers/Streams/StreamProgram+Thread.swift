import Logging
import Platform
import TaskRun

/// The part of ``StreamProgram`` that the program's own thread uses.
extension StreamProgram {
    /// Writes more of a long task; returns false if the program does not read any more.
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

    /// Does what a message asks for; returns why the program must not send it now, or nil.
    func take(_ message: StreamMessage) -> String? {
        switch message {
        case .hello(let version, let keys): return hello(version, keys)
        case .log(let text, let level):
            guard with({ $0.phase != .starting }) else { return Self.noHello }
            (with { $0.assignment?.task.context.logger } ?? logger).log(level: level, "\(text)")
            return nil
        case .progress(let task, let progress, let note):
            guard let assignment = with({ $0.assignment }), assignment.id == task else { return notItsTask(task) }
            // The context warns of progress that makes no sense, once per task, and the work goes on.
            assignment.task.context.progress(progress?.done ?? -1, of: progress?.total, note: note)
            return nil
        case .end(let task, let outcome, let isLast, let followUps):
            return end(task, outcome, isLast, followUps)
        }
    }

    private static let noHello = "its first line is not a hello: {\"hello\":1}"

    private func hello(_ version: Int64, _ keys: Set<HandlerField>?) -> String? {
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
                return (state.phase == .starting ? Self.noHello : notItsTask(task, state.assignment), nil)
            }
            guard state.unwritten.isEmpty else { return ("an answer before it had read the whole task", nil) }
            // They are few enough, and the only follow-ups of this attempt.
            if !followUps.isEmpty { try? assignment.task.context.add(followUps) }
            state.hasAnswered = true
            if isLast { state.order = max(state.order, .close) }
            // A program that is about to end has finished its task only once it has ended: until then its slot is in
            // use.
            guard state.order == .none, !state.hasClosedInput else {
                state.assignment?.answer = outcome
                return (nil, nil)
            }
            return (nil, assignment)
        }
        if let done { goOn(done, after: outcome) }
        return why
    }

    /// Gives the program its next task at once if there is one, and otherwise reports the end to the waiting caller.
    private func goOn(_ done: Assignment, after outcome: HandlerOutcome) {
        guard let (task, context) = done.next(outcome) else {
            with { ($0.phase, $0.assignment) = (.idle, nil) }
            return done.continuation.resume(returning: .ended(outcome))
        }
        let next = StreamTask(task: task, context: context)
        let why = with { state -> String? in
            state.assignment?.task = next
            // It was cancelled in the meantime: it counts as stopped when the program has ended.
            guard state.order == .none else { return nil }
            let why = state.write(next)
            if why != nil { state.assignment = nil }
            return why
        }
        if let why { done.continuation.resume(returning: .undelivered(next, why)) }
    }

    private func notItsTask(_ task: Int64) -> String {
        with { $0.phase == .starting ? Self.noHello : notItsTask(task, $0.assignment) }
    }

    private func notItsTask(_ task: Int64, _ assignment: Assignment?) -> String {
        "a line about task \(task), which it does not have"
            + (assignment.map { $0.answer == nil ? " (it has task \($0.id))" : " any more" } ?? " (it has none)")
    }

    /// Reports to the waiting caller that the program has ended.
    func gone(_ end: StreamEnd) {
        let before = with { state in
            defer {
                (state.phase, state.endText, state.input) = (.gone, end.text, -1)
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
