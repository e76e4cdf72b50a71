import ArgumentParser
import Platform
import TaskRun

/// `taskrun status`: the table in numbers.
struct StatusCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Counts tasks by queue, name and state; says which have no handler here, and which runs are live.",
        discussion: """
              taskrun status
              taskrun status --json | jq '.tasks[] | select(.failed > 0)'

            With --json: one object with tasks (queue, task_name, waiting, due, processing, failed, oldest_due), \
            unknown_names (task_name, waiting, nearest), runs (owner, host, pid, state, tasks, first_lease_end), \
            paused_queues (queue, paused_until, paused_why, paused_by) and horizon: on PostgreSQL, what has the oldest snapshot and so keeps rows that are gone from being cleaned up, \
            or null (kind: session, prepared_transaction or replication_slot; name, pid, role, application, client, \
            state, since, age_seconds).
            """
    )

    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let identity = RunIdentity.ofThisProcess()
        let known = try HandlerList(program, settings, executables: settings.executables(program, run: identity))
            .registry.names
        let summary = try await program.withStore(settings) { store in
            try await store.requireSchema()
            return try await store.summary()
        }
        let view = StatusView(summary, known: known, life: HostProcesses(identity: identity).life, now: Date())
        let output = program.output
        try output.write(options.isJSON ? [view.json.line] : view.lines(on: output.terminal))
        return .done
    }
}
