import Dispatch
import Synchronization
import SystemPackage
import TaskRun

/// The tasks in the lines of stdin, read and checked on a thread of its own while the store writes.
///
/// A class: reader, store and command share it.
final class LineSource: TaskSource {
    /// The most lines, and about the most bytes, that are handed over at once.
    ///
    /// On PostgreSQL each batch can be a subtransaction, and from 65 on these would slow down every other session: a
    /// million lines are 62 batches.
    private static let batch = (lines: 16_384, bytes: 4 << 20)
    /// How many bad lines are named.
    static let told = 20

    /// A bad line.
    struct BadLine: Sendable {
        let number: Int
        let problem: String
    }

    /// The result of reading.
    struct Outcome: Sendable {
        var added: AddedTasks
        /// The first bad lines, and how many there are.
        var bad: [BadLine] = []
        var badCount = 0
        /// How many were not added because an equal one waits.
        var notNeeded = 0
        /// Why reading was given up, or nil if it was not, or only because of ``bad``.
        var problem: String?
    }

    private enum Piece: Sendable {
        case lines([NumberedTask], [BadLine], read: Int)
        case end
        case failure(String)
    }

    private struct State {
        var outcome: Outcome
        var taken = 0
        var bytesRead = 0
        var isAtEnd = false
        var drawn = ContinuousClock.now
    }

    let isLenient: Bool
    private let form: TaskLine.Form
    private let common: NewTask
    private let screen: Screen
    private let stop: StopSignal
    private let size: Int?
    private let began = ContinuousClock.now
    private let handover = Handover<Piece>()
    private let state: Mutex<State>

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - input: Where the lines come from.
    ///   - form: What they are.
    ///   - common: What is said of all.
    ///   - isLenient: Whether bad lines are left out.
    ///   - keepingNames: Whether the names of added tasks are wanted.
    ///   - screen: Where it is shown how far it is.
    ///   - stop: Ends it early.
    init(
        _ input: LineInput,
        as form: TaskLine.Form,
        common: NewTask,
        isLenient: Bool,
        keepingNames: Bool,
        screen: Screen,
        stop: StopSignal
    ) {
        (self.form, self.common, self.isLenient) = (form, common, isLenient)
        (self.screen, self.stop, size) = (screen, stop, input.size)
        state = Mutex(State(outcome: Outcome(added: AddedTasks(keepingNames: keepingNames))))
        // Ends with the input, when its lines are no longer wanted, or with the process.
        DispatchQueue(label: "taskrun.stdin").async { [self] in read(input) }
    }

    /// The result, complete at the end.
    var outcome: Outcome { state.withLock { $0.outcome } }

    /// Ends it: the store undoes everything.
    func cancel() { handover.stop() }

    func next() -> TaskSourceStep {
        if stop.requests > 0 { return .stop }
        if state.withLock({ $0.isAtEnd }) { return .end }
        switch handover.take() {
        case nil:
            return .stop
        case .failure(let problem):
            state.withLock { $0.outcome.problem = problem }
            return .stop
        case .end:
            state.withLock { $0.isAtEnd = true }
            return .end
        case .lines(let tasks, let bad, let bytes):
            state.withLock { state in
                state.taken += tasks.count
                state.bytesRead = bytes
                for line in bad { state.outcome.note(line) }
            }
            guard isLenient || bad.isEmpty else {
                handover.stop()
                return .stop
            }
            draw()
            return .tasks(tasks)
        }
    }

    func refused(_ number: Int, _ error: StoreError) {
        state.withLock { $0.outcome.note(BadLine(number: number, problem: ConstraintText.plain(error.cause))) }
        if !isLenient { handover.stop() }
    }

    func added(_ tasks: [AddedTask]) {
        state.withLock { $0.outcome.added.append(tasks) }
        draw()
    }

    func notNeeded(_ count: Int) { state.withLock { $0.outcome.notNeeded += count } }

    /// Shows how far it is, ten times a second at most.
    private func draw() {
        guard screen.terminal.canRedraw else { return }
        let time = began.duration(to: .now)
        let line = state.withLock { state -> String? in
            guard time > .milliseconds(300), state.drawn.duration(to: .now) > .milliseconds(100) else { return nil }
            state.drawn = .now
            let added = state.outcome.added.count
            // SQLite has all before it adds the first.
            let isAdding = added > 0 || state.isAtEnd
            return ProgressBar(doing: isAdding ? "Adding" : "Reading").line(
                isAdding ? added : state.taken,
                of: state.isAtEnd ? state.taken : nil,
                part: state.isAtEnd ? nil : size.map { Double(state.bytesRead) / Double(max($0, 1)) },
                after: time
            )
        }
        if let line { screen.write([], progress: line) }
    }
}

extension LineSource {
    private func read(_ input: LineInput) {
        var input = input
        var (number, bytes) = (0, 0)
        var (tasks, bad): ([NumberedTask], [BadLine]) = ([], [])
        do {
            while let line = try input.next() {
                number += 1
                bytes += line.bytes.count
                do throws(TaskLine.Fault) {
                    if line.isTooLong {
                        throw TaskLine.Fault(problem: "it is longer than \(SizeText.write(LineInput.longest))")
                    }
                    if let task = try TaskLine.read(line.bytes, as: form, common: common) {
                        tasks.append(NumberedTask(number, task))
                    }
                } catch {
                    if line.isUnended {
                        // The writer may have died: nothing says that this is all.
                        let fault = "line \(number) of stdin cannot be used: \(error.problem)"
                        _ = handover.put(.failure("\(fault); there stdin ends, without a line end"))
                        return
                    }
                    bad.append(BadLine(number: number, problem: error.problem))
                }
                guard
                    tasks.count == Self.batch.lines || bytes > Self.batch.bytes || bad.count > 1000
                        || (!isLenient && !bad.isEmpty)
                else { continue }
                guard handover.put(.lines(tasks, bad, read: input.bytesRead)) else { return }
                (tasks, bad, bytes) = ([], [], 0)
            }
            if !tasks.isEmpty || !bad.isEmpty {
                guard handover.put(.lines(tasks, bad, read: input.bytesRead)) else { return }
            }
            _ = handover.put(.end)
        } catch {
            _ = handover.put(.failure("stdin cannot be read: \(error)"))
        }
    }
}

extension LineSource.Outcome {
    /// Keeps the first bad lines: those that are no JSON and those that the table refuses come in turns.
    fileprivate mutating func note(_ line: LineSource.BadLine) {
        badCount += 1
        guard bad.count < LineSource.told || line.number < bad[bad.count - 1].number else { return }
        bad.insert(line, at: bad.firstIndex { $0.number > line.number } ?? bad.count)
        if bad.count > LineSource.told { bad.removeLast() }
    }
}
