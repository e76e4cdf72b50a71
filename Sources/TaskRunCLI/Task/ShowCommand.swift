import ArgumentParser
import Platform
import TaskRun
import Text

/// `taskrun show`: everything about one task, also one whose row is gone.
struct ShowCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show everything about one task: its payload, its errors, why it is not running, how it ended.",
        discussion: """
              taskrun show 12
              taskrun show 6f0e1d2c3b4a59687786a5b4c3d2e1f0
              taskrun show 12 --json | jq .data

            The line "why" has the sentence of "taskrun why". With --json, the key why has this sentence, and the key \
            reason has a word for it; both are null if the database does not let them be read. The payload is \
            written byte for byte; on a terminal, without control characters.

            Below it stand how the task ended and its last 20 failed attempts with their errors, also after "taskrun \
            retry". If the row is gone, that is all that is left: see "taskrun history --help". With --json, these are \
            the keys history and failures; without a row, the object has id, task_name, status (how it ended), queue, \
            token, batch, ended_at and these two.

            An argument of digits only is a task number; with --token, it is a token. The exit status is 1 if nothing is \
            known of such a task.
            """
    )

    @Argument(help: ArgumentHelp("The task's number or token.", valueName: "id-or-token"))
    var task: String
    @Flag(help: "Read the argument as a token, even if it looks like a number.")
    var token = false
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let target = CancelTarget(task, isToken: token)
        let found = try await program.withStore(settings) { store in
            try await store.requireSchema()
            let row = try await Self.row(of: target, in: store)
            return Found(
                row: row,
                said: try await reason(row?.id, in: store, program, settings),
                story: try await Self.story(of: row.map { .id($0.id) } ?? target, in: store),
                location: store.location
            )
        }
        let (output, now) = (program.output, Date())
        if let row = found.row {
            let lines = row.lines(why: found.said, now: now, on: output.terminal)
            let story = HistoryView.story(found.story, now: now, on: output.terminal)
            try output.write(
                options.isJSON ? [row.json.adding(found.said).adding(found.story.members).line] : lines + story
            )
            return .done
        }
        guard found.story != TaskStory() else {
            let which = target.isToken ? "with the token \(task.visible())" : task
            throw ProgramError(.incomplete, "there is no task \(which) in \(found.location)", advice: Self.advice)
        }
        try output.write(
            options.isJSON ? [found.story.json.line] : HistoryView.gone(found.story, now: now, on: output.terminal)
        )
        return .done
    }

    private static let advice = """
        Nothing is left of it: it ended before what the history still has (setting history), or it never was.
        """

    /// What is known of the task.
    private struct Found {
        let row: TaskRow?
        let said: Why.Said?
        let story: TaskStory
        let location: String
    }

    private static func row(of target: CancelTarget, in store: any TaskDatabase) async throws(StoreError) -> TaskRow? {
        switch target {
        case .id(let id): return try await store.show(id)
        case .token(let token):
            var filter = TaskFilter(limit: 1)
            filter.token = token
            return try await store.list(filter).first
        }
    }

    /// What the history has of it; nothing if this role may not read that.
    private static func story(
        of target: CancelTarget,
        in store: any TaskDatabase
    ) async throws(StoreError) -> TaskStory {
        do throws(StoreError) {
            return try await store.story(of: target)
        } catch {
            guard error.code == .database else { throw error }
            return TaskStory()
        }
    }

    /// Why the task is not running, or nil if this role may not read all that it depends on.
    private func reason(
        _ id: Int64?,
        in store: any TaskDatabase,
        _ program: Program,
        _ settings: Settings
    ) async throws(StoreError) -> Why.Said? {
        guard let id else { return nil }
        do throws(StoreError) {
            let facts = try await store.factsWithRuns(.id(id))
            return Why(facts, in: program, with: settings, on: program.hostView(settings)).said[id]
        } catch {
            guard error.code == .database else { throw error }
            return nil
        }
    }
}
