import ArgumentParser
import Synchronization
import TaskRun
import Text

/// `taskrun top`: queues, runs and running tasks, live.
struct TopCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch queues, runs, running tasks and FAILED tasks; pause, cancel and retry with keys.",
        discussion: """
              taskrun top
              taskrun top --every 10s
              taskrun top --once | head -20

            It fills the terminal, and looks at the tables every 2 s. The keys: Tab and Shift-Tab choose a section, \
            the arrow keys (or j and k) a row. p pauses the chosen queue, or resumes it. c cancels the chosen running \
            task, after a question. r retries the chosen FAILED task. Space looks at once. q quits.

            Runs write their counts once a minute; progress is written as handlers report it. With --once, or \
            without a terminal, it writes the same as lines and ends.

            With --json, one object: headline, queues (with the keys of "taskrun queues"), runs (with the keys of \
            "taskrun runs"), tasks and failed (id, task_name, status, queue, run_at, failed_at, lease_owner, \
            progress_done, progress_total, progress_note, cancel_requested_at, last_error): at most 200 of each.
            """
    )

    @Flag(help: "Write what is there now, and end.")
    var once = false
    @Option(help: ArgumentHelp("How often to look, from 1s to 1h (default: 2s)", valueName: "duration"))
    var every: String?
    @OptionGroup var options: SharedOptions

    func validate() throws {
        guard let every, interval == nil else { return }
        throw ValidationError("--every is \"\(every)\": expected \(DurationText.expected), from 1s to 1h.")
    }

    private var interval: Duration? {
        DurationText.parse(every ?? "2s").flatMap { (.seconds(1)...(.seconds(3600))).contains($0) ? $0 : nil }
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let processes = HostProcesses(identity: .ofThisProcess())
        let life: @Sendable (String?) -> RunLife = { processes.life(of: $0) }
        return try await program.withStore(settings) { store in
            try await store.requireSchema()
            let first = try await TopSnapshot.read(store, life: life)
            let output = program.output
            if options.isJSON {
                try output.write(first.json(life: life).line)
            } else if once || !output.terminal.canRedraw {
                try output.write(TopView(first, location: store.location).plainLines(on: output.terminal))
            } else if let screen = TopScreen() {
                defer { screen.leave() }
                let stop = StopSignal()
                try await StopSignals.listen(stop, isUrgent: true, beside: {}) {
                    let actions = TopActions(program: program, settings: settings, store: store)
                    let live = TopLive(screen: screen, actions: actions, hasColour: output.terminal.hasColour)
                    try await live.run(from: first, every: interval ?? .seconds(2), life: life, until: stop)
                }
            } else {
                try output.write(TopView(first, location: store.location).plainLines(on: output.terminal))
            }
            return .done
        }
    }
}

/// What keys do with the tables.
struct TopActions: Sendable {
    let program: Program
    let settings: Settings
    let store: any TaskDatabase

    /// Does it, and says in a sentence what was done.
    func perform(_ action: TopState.Action) async -> String {
        do {
            switch action {
            case .pause(let queue):
                try await store.pause(queue, for: nil, why: nil, by: program.person)
                return "Queue \(queue) is paused until it is resumed.".visible()
            case .resume(let queue):
                let isDone = try await !store.resume([queue]).isEmpty
                return "Queue \(queue) \(isDone ? "is resumed" : "was not paused").".visible()
            case .cancel(let id):
                // Those of the handlers folder have no times of their own.
                let registry = try HandlerRegistry(program.builtIn.make(settings.mailSettings()))
                let retention = settings.runSettings(registry).retention(registry)
                let outcome = try await store.cancel([.id(id)], retention: retention).first ?? .unknown
                return "Task \(id) \(CancelCommand.words(outcome))."
            case .retry(let id):
                let isDone = try await !store.retry(.ids([id])).isEmpty
                return "Task \(id) \(isDone ? "is WAITING again" : "is left: it is gone, or an equal task waits")."
            }
        } catch {
            return program.programError(error).text.visible()
        }
    }
}

/// The live view: draws, reads keys, and looks at the tables beside that.
struct TopLive {
    let screen: TopScreen
    let actions: TopActions
    let hasColour: Bool

    /// How often keys are read and the size of the terminal is looked at.
    private static let pause = Duration.milliseconds(50)

    /// Runs until a key or a signal ends it, or the terminal is gone.
    func run(
        from first: TopSnapshot,
        every interval: Duration,
        life: @escaping @Sendable (String?) -> RunLife,
        until stop: StopSignal
    ) async throws {
        let news = NewsBox()
        var (snapshot, state, rates) = (first, TopState(), TopRates())
        rates.note(first)
        var drawn: [String] = []
        var next = ContinuousClock.now + interval
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            while stop.requests == 0 {
                let found = news.take()
                if let message = found.message { state.message = message }
                if let newer = found.snapshot {
                    snapshot = newer
                    rates.note(newer)
                }
                let size = TopScreen.size
                let view = TopView(snapshot, rates: rates, location: actions.store.location)
                let lines = view.lines(state, columns: size.columns, rows: size.rows, hasColour: hasColour)
                if lines != drawn {
                    screen.draw(lines)
                    drawn = lines
                }
                guard let typed = screen.typed() else { return }
                for key in TopState.keys(in: typed) {
                    switch state.press(key, on: snapshot) {
                    case .stay: break
                    case .quit: return
                    case .look: next = .now
                    case .act(let action):
                        group.addTask { [actions] in
                            news.say(await actions.perform(action))
                            await Self.look(actions, life, news)
                        }
                    }
                }
                if ContinuousClock.now >= next, news.begin() {
                    next = .now + interval
                    group.addTask { [actions] in
                        await Self.look(actions, life, news)
                        news.end()
                    }
                }
                try await Task.sleep(for: Self.pause)
            }
        }
    }

    private static func look(_ actions: TopActions, _ life: @Sendable (String?) -> RunLife, _ news: NewsBox) async {
        do {
            news.show(try await TopSnapshot.read(actions.store, life: life))
        } catch {
            news.say(actions.program.programError(error).text.visible())
        }
    }
}

/// What looks and actions hand to the live view.
///
/// A class: they go on beside the view, which takes it from time to time.
private final class NewsBox: Sendable {
    private struct News {
        var snapshot: TopSnapshot?
        var message: String?
        var isLooking = false
    }

    private let news = Mutex(News())

    /// What came since the last call.
    func take() -> (snapshot: TopSnapshot?, message: String?) {
        news.withLock { news in
            defer { (news.snapshot, news.message) = (nil, nil) }
            return (news.snapshot, news.message)
        }
    }

    /// Whether a look may begin: none goes on.
    func begin() -> Bool {
        news.withLock { news in
            guard !news.isLooking else { return false }
            news.isLooking = true
            return true
        }
    }

    func end() { news.withLock { $0.isLooking = false } }

    func show(_ snapshot: TopSnapshot) { news.withLock { $0.snapshot = snapshot } }

    func say(_ message: String) { news.withLock { $0.message = message } }
}

extension TopSnapshot {
    /// For programs.
    fileprivate func json(life: (String?) -> RunLife) -> JSONValue {
        [
            "headline": .text(headline), "queues": .list(queues.map(\.json)),
            "runs": .list(runs.map { $0.row.json(at: now, life: life($0.row.record.run)) }),
            "tasks": .list(tasks.map(\.topJSON)), "failed": .list(failed.map(\.topJSON)),
        ]
    }
}

extension TaskRow {
    fileprivate var topJSON: JSONValue {
        [
            "id": .number(id), "task_name": .text(name), "status": .text(status.rawValue), "queue": .text(queue),
            "run_at": .text(MomentText.iso(runAt)), "failed_at": .text(failedAt.map(MomentText.iso)),
            "lease_owner": .text(leaseOwner), "progress_done": .number(progressDone),
            "progress_total": .number(progressTotal), "progress_note": .text(progressNote),
            "cancel_requested_at": .text(cancelRequestedAt.map(MomentText.iso)), "last_error": .text(lastError),
        ]
    }
}
