import ArgumentParser
import TaskRun

/// `taskrun resume`: ends what `taskrun pause` began.
struct ResumeCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Resume paused queues.",
        discussion: """
              taskrun resume mail

            The exit status is 1 if one of the queues was not paused. With --json, each line is an object: queue, \
            resumed.
            """
    )

    @Argument(help: "The queues.")
    var queues: [String]
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let resumed = try await program.withStore(settings) { store in
            try await store.requireSchema()
            return Set(try await store.resume(queues))
        }
        if options.isJSON {
            let lines: [JSONValue] = queues.map { ["queue": .text($0), "resumed": .bool(resumed.contains($0))] }
            try program.output.write(lines)
        } else {
            let lines = queues.map {
                "Queue \($0) \(resumed.contains($0) ? "is resumed" : "was not paused").".visible()
            }
            try program.output.write(lines)
        }
        return queues.allSatisfy(resumed.contains) ? .done : .incomplete
    }
}
