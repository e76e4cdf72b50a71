import Platform
import TaskRun
import Text

/// What `history` and `show` write about tasks that have ended.
enum HistoryView {
    /// The widest name of a host.
    private static let hostWidth = 16
    /// The widest task name and queue.
    private static let nameWidth = 20

    /// The lines of `history`; the last column is cut where the terminal ends.
    static func table(_ lines: [HistoryLine], now: Date) -> TextTable {
        // A column in which all is as usual says nothing.
        let hasQueues = lines.contains { $0.queue != "default" }
        var table = TextTable(
            [.text("ended"), .number("id"), .text("task name"), .text("state")] + (hasQueues ? [.text("queue")] : [])
                + [.number("attempts"), .number("waited"), .number("ran"), .text("on")]
        )
        for line in lines {
            let queue = hasQueues ? [TextTable.Cell(line.queue.cut(toWidth: nameWidth))] : []
            let head: [TextTable.Cell] = [
                TextTable.Cell(line.endedAt.map { $0.relative(to: now) } ?? ""),
                "\(line.id)",
                TextTable.Cell(line.name.cut(toWidth: nameWidth)),
                TextTable.Cell(line.status, colour(line.status)),
            ]
            let rest: [TextTable.Cell] = [
                "\(line.attempts)",
                TextTable.Cell(line.waited.map(DurationText.rounded) ?? ""),
                TextTable.Cell(line.ran.map(DurationText.taken) ?? ""),
                TextTable.Cell(place(line.host, line.program), .faint),
            ]
            table.add(head + queue + rest)
        }
        return table
    }

    /// The story of a task, for `show`.
    static func story(_ story: TaskStory, now: Date, on terminal: Terminal) -> [String] {
        let ink = Ink(isOn: terminal.hasColour)
        var lines: [String] = []
        if !story.ends.isEmpty { lines += ["", ink("history", .faint)] }
        for end in story.ends {
            let parts = [
                end.attempts == 1 ? "1 attempt" : "\(end.attempts) attempts",
                end.waited.map { "waited \(DurationText.rounded($0))" },
                end.ran.map { "ran \(DurationText.taken($0))" }, text(of: end.program),
                end.host.map { "on \($0.visible())" },
            ]
            let moment = end.endedAt.map { MomentText.local($0) } ?? ""
            let state = ink(end.status.visible(), colour(end.status))
            lines.append("\(moment)  \(state)  \(parts.compactMap(\.self).joined(separator: ", "))")
        }
        if !story.failures.isEmpty { lines += ["", ink("failed attempts", .faint)] }
        for failure in story.failures {
            let parts = [
                "attempt \(failure.attempt)", failure.ran.map { "ran \(DurationText.taken($0))" },
                text(of: failure.program), failure.host.map { "on \($0.visible())" },
            ]
            let moment = failure.failedAt.map { MomentText.local($0) } ?? ""
            lines.append("\(moment)  \(parts.compactMap(\.self).joined(separator: ", "))")
            lines += failure.error.visible(keepingLines: true).split(separator: "\n").map { "    \($0)" }
        }
        return lines
    }

    /// What is left of a task whose row is gone.
    static func gone(_ story: TaskStory, now: Date, on terminal: Terminal) -> [String] {
        let ink = Ink(isOn: terminal.hasColour)
        let (last, failure) = (story.ends.last, story.failures.last)
        let fields: [(String, String?)] = [
            ("id", (last?.id ?? failure?.id).map { "\($0)" }),
            ("task_name", (last?.name ?? failure?.name)?.visible()),
            ("status", last.map { ink($0.status.visible(), colour($0.status)) } ?? "not known"),
            (
                "ended_at",
                last?.endedAt.map { "\(MomentText.plain($0)) UTC, \($0.relative(to: now))" }
            ),
            ("queue", last?.queue.visible()),
            ("token", last?.token?.visible()),
            ("batch", last?.batch?.visible()),
        ]
        let head = fields.compactMap { name, value in value.map { ink(name.padded(18), .faint) + $0 } }
        return head + ["", "The row of the task is gone. This is left of it."]
            + Self.story(story, now: now, on: terminal)
    }

    private static func place(_ host: String?, _ program: ProgramFacts) -> String {
        [host?.cut(toWidth: hostWidth), text(of: program)].compactMap(\.self).joined(separator: ", ")
    }

    /// `exit 1, 120 MB`; nil if there is nothing to say: exit status 0 is what state COMPLETE says.
    private static func text(of program: ProgramFacts) -> String? {
        let parts = [
            program.exitCode.flatMap { $0 == 0 ? nil : "exit \($0)" }, program.signal.map { "signal \($0)" },
            program.peakMemory.map { "\(($0 + (1 << 19)) >> 20) MiB" },
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private static func colour(_ status: String) -> Ink.Colour? {
        switch HistoryStatus(rawValue: status) {
        case .complete: .green
        case .failed, .expired: .red
        case .cancelled, .skipped, .replaced, .deleted, nil: .faint
        }
    }
}

extension ProgramFacts {
    fileprivate var members: [(key: String, value: JSONValue)] {
        [
            ("exit_code", .number(exitCode.map { Int64($0) })), ("signal", .number(signal.map { Int64($0) })),
            ("peak_memory", .number(peakMemory)),
        ]
    }
}

extension HistoryLine {
    /// The line as an object, its keys the columns.
    var json: JSONValue {
        .object(
            [
                ("id", .number(id)), ("task_name", .text(name)), ("queue", .text(queue)),
                ("status", .text(status)), ("attempts", .number(attempts)),
                ("waited", waited.map { .seconds($0) } ?? .null), ("ran", ran.map { .seconds($0) } ?? .null),
                ("host", .text(host)),
            ] + program.members + [
                ("token", .text(token)), ("batch", .text(batch)), ("ended_at", .text(endedAt.map(MomentText.iso))),
            ]
        )
    }
}

extension FailureLine {
    /// The failed attempt as an object, its keys the columns.
    var json: JSONValue {
        .object(
            [
                ("attempt", .number(attempt)), ("error", .text(error)), ("ran", ran.map { .seconds($0) } ?? .null),
                ("host", .text(host)),
            ] + program.members + [("failed_at", .text(failedAt.map(MomentText.iso)))]
        )
    }
}

extension TaskStory {
    /// The keys `history` and `failures` of `show`.
    var members: [(key: String, value: JSONValue)] {
        [("history", .list(ends.map(\.json))), ("failures", .list(failures.map(\.json)))]
    }

    /// What is left of a task whose row is gone, as an object.
    var json: JSONValue {
        let (last, failure) = (ends.last, failures.last)
        let head: [(key: String, value: JSONValue)] = [
            ("id", .number(last?.id ?? failure?.id)), ("task_name", .text(last?.name ?? failure?.name)),
            ("status", .text(last?.status)), ("queue", .text(last?.queue)), ("token", .text(last?.token)),
            ("batch", .text(last?.batch)), ("ended_at", .text(last?.endedAt.map(MomentText.iso))),
        ]
        return .object(head + members)
    }
}
