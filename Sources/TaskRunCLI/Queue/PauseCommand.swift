import ArgumentParser
import Platform
import TaskRun
import Text

/// `taskrun pause`: starts no tasks of a queue for a while.
struct PauseCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pause queues: claim none of their tasks, for a time or until they are resumed.",
        discussion: """
              taskrun pause mail
              taskrun pause mail --for 30m --why "the provider is down"
              taskrun resume mail

            Running tasks are finished, and tasks can still be added. Runs on all hosts stop claiming from the queue \
            within a second, or within 5 s if there are tens of thousands of queues. See also: taskrun queues

            With --json, each line is an object: queue, paused_until (null: until it is resumed), paused_why, \
            paused_by.
            """
    )

    @Argument(help: "The queues.")
    var queues: [String]
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long to pause (default: until resumed)", valueName: "duration")
    )
    var time: String?
    @Option(help: ArgumentHelp("The reason, shown by taskrun queues.", valueName: "text"))
    var why: String?
    @OptionGroup var options: SharedOptions

    /// How many task names are looked at for queues that have tasks.
    private static let manyNames = 1000

    func validate() throws {
        if let pattern = queues.first(where: { $0.contains("*") }) {
            throw ValidationError("\"\(pattern)\" is a pattern: name the queues that are to be paused one by one.")
        }
        guard let time, duration == nil else { return }
        throw ValidationError("--for is \"\(time)\": expected \(DurationText.expected), longer than 0.")
    }

    /// At most a century: every database has a date for its end.
    private var duration: Duration? {
        time.flatMap(DurationText.parse).flatMap { $0 > .zero ? min($0, .seconds(100 * 365 * 86_400)) : nil }
    }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        return try await program.withStore(settings) { store in
            try await store.requireSchema()
            let names = try await store.waitingNames(limit: Self.manyNames)
            let known = try await store.dueQueues(names: names, queues: nil)
            let before = try await store.pausedQueues().map(\.queue)
            for queue in queues {
                try await store.pause(queue, for: duration, why: why, by: program.person)
            }
            let paused = try await store.pausedQueues().filter { queues.contains($0.queue) }
            if options.isJSON {
                try program.output.write(paused.map(\.json))
            } else {
                try program.output.write(paused.map { $0.sentence + "." })
                // A queue begins to exist with its first task: a name that no task has may be intended, or misspelled.
                for queue in queues where !known.contains(queue) && !before.contains(queue) {
                    let nearest = Spelling.nearest(to: queue, among: known).map { " Did you mean \"\($0)\"?" } ?? ""
                    program.screen.write(["Nothing in queue \"\(queue)\" is due now.\(nearest)".visible()])
                }
            }
            return .done
        }
    }
}

extension Program {
    /// The user who runs the command, for other people: `ada@web1`.
    var person: String {
        let user = variables["SUDO_USER"] ?? ProcessInfo.processInfo.userName
        return "\(user)@\(RunIdentity.ofThisProcess().host)"
    }
}

extension PausedQueue {
    /// `Queue mail is paused until 2030-12-31 23:59:59 UTC: the provider is down (ada@web1)`, safe to be shown.
    var sentence: String {
        let end = until.map { " until \(MomentText.plain($0)) UTC" } ?? " until it is resumed"
        return "Queue \(queue) is paused\(end)\(why.map { ": \($0)" } ?? "")\(by.map { " (\($0))" } ?? "")".visible()
    }

    /// For programs.
    var json: JSONValue {
        [
            "queue": .text(queue), "paused_until": .text(until.map(MomentText.iso)), "paused_why": .text(why),
            "paused_by": .text(by),
        ]
    }
}
