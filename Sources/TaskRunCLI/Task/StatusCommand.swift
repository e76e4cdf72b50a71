import ArgumentParser
import Platform
import TaskRun

/// `taskrun status`: the table in numbers.
struct StatusCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Sum up tasks and runs; count tasks; list names without a handler, and live runs.",
        discussion: """
              taskrun status
              taskrun status --exit-code > /dev/null || echo "look at the tasks"
              taskrun status --json | jq '.tasks[] | select(.failed > 0)'

            The first line counts the tasks that wait, that handlers work on (running), that runs hold without working \
            on them (claimed), and that are FAILED. It says how long the oldest due task has waited, how many runs \
            there are on all hosts and how many of their handler slots are busy, and when the last run was seen. If \
            no run was seen for 5 minutes while a task is due, or for an hour while none is due, the next line says \
            so and shows the last run. A name is listed as one without a handler if this host has no handler for it, \
            and no host that ran within the last hour has one. The reasons of up to 1,000 waiting tasks are counted, \
            as "taskrun why" does.

            The exit status is 0. With --exit-code it is 1 if a task is FAILED, if no run was seen for the time above, \
            or if a task is due and no host has a handler for it.

            Up to 1,000,000 waiting and 1,000,000 FAILED tasks are counted; 1,000,000+ means that there are more. Of \
            more than that, and of more than 200,000 FAILED tasks, each line of the table counts some, and has a + \
            too.

            With --json, one object: tasks (queue, task_name, waiting, due, processing, failed, oldest_due, \
            is_partial), unknown_names (task_name, waiting, nearest), runs (owner, host, pid, state, tasks, \
            first_lease_end, running, slots, seen_at, is_lost), paused_queues (queue, paused_until, paused_why, \
            paused_by), summary (waiting, due, running, claimed, failed, paused_queues, oldest_due, runs, slots, \
            last_run with the keys of "taskrun runs", no_run: silent, never or null, is_trouble, is_partial), \
            reasons (with the keys of "taskrun why") and horizon. On PostgreSQL, horizon says what has the oldest \
            snapshot and so keeps deleted rows from being cleaned up (kind: session, prepared_transaction or \
            replication_slot; name, pid, role, application, client, state, since, age_seconds), or null.
            """
    )

    /// How many waiting tasks are asked why they wait.
    private static let mostRows = 1_000

    @Flag(help: "End with exit status 1 if a person must do something.")
    var exitCode = false
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let identity = RunIdentity.ofThisProcess()
        let known = try HandlerList(program, settings, executables: settings.executables(program, run: identity))
            .registry.names
        let host = program.hostView(settings)
        let (summary, facts) = try await program.withStore(settings) { store in
            try await store.requireSchema()
            // A role that may not read all of the tables sees the counts.
            let facts = try? await store.factsWithRuns(.waiting(queue: nil, name: nil, limit: Self.mostRows))
            return (try await store.summary(), facts)
        }
        let view = StatusView(
            summary,
            known: known,
            life: HostProcesses(identity: identity).life,
            now: Date(),
            list: facts?.runs,
            served: facts?.served ?? ServedNames([]),
            why: facts.map { Why($0, in: program, with: settings, on: host) }
        )
        let output = program.output
        try output.write(options.isJSON ? [view.json.line] : view.lines(on: output.terminal))
        return exitCode && view.isTrouble ? .incomplete : .done
    }
}
