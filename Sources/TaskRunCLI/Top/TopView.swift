import Platform
import TaskRun
import Text

/// Draws a snapshot: from it and the size of the terminal to lines, and nothing else.
struct TopView {
    private let snapshot: TopSnapshot
    private let rates: TopRates
    private let location: String

    /// The line of keys.
    static let keys = "q quit  Tab section  ↑↓ choose  p pause, resume  c cancel  r retry"

    /// Prepares to draw.
    ///
    /// - Parameters:
    ///   - snapshot: What is shown.
    ///   - rates: How fast handlers report progress.
    ///   - location: Which database it is.
    init(_ snapshot: TopSnapshot, rates: TopRates = TopRates(), location: String) {
        (self.snapshot, self.rates, self.location) = (snapshot, rates, location)
    }

    /// The picture for a terminal: no more lines than it has rows, none wider than it.
    ///
    /// - Parameters:
    ///   - state: What is chosen.
    ///   - columns: The width of the terminal.
    ///   - rows: Its height.
    ///   - hasColour: Whether it shows colours.
    /// - Returns: The lines.
    func lines(_ state: TopState, columns: Int, rows: Int, hasColour: Bool) -> [String] {
        let ink = Ink(isOn: hasColour)
        let (columns, rows) = (max(columns, 1), max(rows, 1))
        let sentence = snapshot.headline.wrapped(toWidth: columns, breakingWords: true).prefix(2)
        let head = [ink(title.cut(toWidth: columns), .bold)] + sentence
        let foot = state.message.isEmpty ? Self.keys : state.message
        let footLine = ink(foot.cut(toWidth: columns), state.asked == nil ? .faint : .yellow)
        // On a low terminal only the section that keys are for.
        let isLow = rows < head.count + 1 + 3 * TopState.Section.allCases.count
        let shown = isLow ? [state.section] : TopState.Section.allCases
        let tables = shown.map { (section: $0, table: table($0)) }
        let room = rows - head.count - 1 - 2 * shown.count
        let shares = Self.shares(of: max(0, room), for: tables.map { max(1, $0.table.count) })
        var body: [String] = []
        for ((section, table), share) in zip(tables, shares) {
            let isActive = section == state.section
            let chosen = state.row(of: section, in: snapshot)
            let first = min(max(0, chosen - share / 2), max(0, table.count - share))
            let drawn = table.rows(within: max(columns - 2, 1), hasColour: hasColour)
            let heading = heading(section, table.count, first: first, share: share)
            body.append(ink(heading.cut(toWidth: columns), isActive ? .cyan : .bold))
            guard table.count > 0 else {
                body += ["", "  none".cut(toWidth: columns)].prefix(1 + share)
                continue
            }
            body.append("  " + drawn[0])
            for row in first..<min(first + share, table.count) {
                body.append((isActive && row == chosen ? "▸ " : "  ") + drawn[row + 1])
            }
        }
        return Array((head + body).prefix(rows - 1)) + [footLine]
    }

    /// Everything, for a file or a pipe, whole.
    func plainLines(on terminal: Terminal) -> [String] {
        let head = terminal.wrap(title) + terminal.wrap(snapshot.headline)
        return head
            + TopState.Section.allCases.flatMap { section -> [String] in
                let table = table(section)
                guard table.count > 0 else { return [] }
                return ["", name(section)] + table.lines(on: terminal)
            }
    }

    private var title: String { "\(location)  \(MomentText.plain(snapshot.now)) UTC".visible() }

    private func name(_ section: TopState.Section) -> String {
        switch section {
        case .queues: "Queues"
        case .runs: "Runs"
        case .tasks: "Running tasks"
        case .failed: "FAILED tasks, the newest first"
        }
    }

    /// `Queues 1 to 3 of 7`, or `Queues` if all are shown.
    private func heading(_ section: TopState.Section, _ count: Int, first: Int, share: Int) -> String {
        let part = count > share && share > 0 ? " \(first + 1) to \(min(first + share, count)) of \(count)" : ""
        return name(section) + part
    }

    private func table(_ section: TopState.Section) -> TextTable {
        switch section {
        case .queues: queues
        case .runs: runs
        case .tasks: tasks
        case .failed: failed
        }
    }

    private var queues: TextTable {
        var table = TextTable([
            .name("queue"), .text("state", usual: "open"), .number("waiting"), .number("due"),
            .number("processing", usual: "0"), .number("failed", usual: "0"), .text("oldest due", usual: ""),
        ])
        for line in snapshot.queues {
            table.add([
                "\(line.queue)", line.paused == nil ? "open" : TextTable.Cell("paused", .yellow),
                TextTable.Cell(line.text(.waiting)), TextTable.Cell(line.textOfDue),
                TextTable.Cell(line.text(.processing), line.count(.processing) > 0 ? .cyan : nil),
                TextTable.Cell(line.text(.failed), line.count(.failed) > 0 ? .red : nil),
                TextTable.Cell(line.oldestDue.map { $0.relative(to: snapshot.now) } ?? ""),
            ])
        }
        return table
    }

    private var runs: TextTable {
        var table = TextTable([
            .text("state"), .name("run"), .number("slots"), .number("done"), .number("retried", usual: "0"),
            .number("failed", usual: "0"), .number("done/min"), .text("last seen"),
        ])
        for (row, standing) in snapshot.runs {
            table.add([
                TextTable.Cell(standing.rawValue, standing.colour),
                "\(row.record.pid) on \(row.record.host)", "\(row.record.slots)",
                TextTable.Cell(CountText.write(row.counts.succeeded)),
                TextTable.Cell(CountText.write(row.counts.retried)),
                TextTable.Cell(CountText.write(row.counts.failed), row.counts.failed > 0 ? .red : nil),
                TextTable.Cell(Self.perMinute(row)),
                TextTable.Cell(row.seenAt.map { $0.relative(to: snapshot.now) } ?? ""),
            ])
        }
        return table
    }

    /// How many tasks a run has done a minute, from its beginning until it was last seen.
    private static func perMinute(_ row: RunRow) -> String {
        guard let began = row.beganAt, let seen = row.seenAt, seen.timeIntervalSince(began) >= 1 else { return "" }
        let rate = Double(row.counts.succeeded) / seen.timeIntervalSince(began) * 60
        return CountText.write(Int(min(rate, 1e15).rounded()))
    }

    private var tasks: TextTable {
        var table = TextTable([
            .number("id"), .name("task name"), .name("queue", usual: "default"), .text("was due"), .name("run"),
            .gist("progress", usual: ""),
        ])
        for task in snapshot.tasks {
            let run = RunIdentity.describe(owner: task.leaseOwner)
            table.add([
                "\(task.id)", "\(task.name)", "\(task.queue)",
                TextTable.Cell(task.runAt.relative(to: snapshot.now)),
                TextTable.Cell(run.hasPrefix("run ") ? String(run.dropFirst(4)) : run),
                TextTable.Cell(progress(task), task.cancelRequestedAt == nil ? .green : .yellow),
            ])
        }
        return table
    }

    /// `30 %  3/10 resizing  0.5/s  ███░░░░░░░`: what matters most comes first, where there is little room.
    private func progress(_ task: TaskRow) -> String {
        if task.cancelRequestedAt != nil { return "asked to end" }
        let words = ProgressText.write(task.progressDone, task.progressTotal, task.progressNote)
        guard words != nil else { return "" }
        let part = task.progressTotal.map { Double(task.progressDone ?? 0) / Double(max($0, 1)) }
        let rate = rates.perSecond(of: task.id).map { "\(($0 * 10).rounded() / 10)/s" }
        return [part.map { "\(ProgressBar.percent($0)) %" }, words, rate, part.map { ProgressBar.blocks($0, 10) }]
            .compactMap(\.self).joined(separator: "  ")
    }

    private var failed: TextTable {
        var table = TextTable([
            .number("id"), .name("task name"), .name("queue", usual: "default"), .text("failed"),
            .gist("last error", usual: ""),
        ])
        for task in snapshot.failed {
            table.add([
                "\(task.id)", "\(task.name)", "\(task.queue)",
                TextTable.Cell((task.failedAt ?? task.runAt).relative(to: snapshot.now)),
                TextTable.Cell(task.lastError?.gist ?? "", .faint),
            ])
        }
        return table
    }

    /// Shares rows out: each section gets what it needs, as far as that goes, and none more than another one that
    /// needs it too.
    static func shares(of room: Int, for wanted: [Int]) -> [Int] {
        var shares = wanted.map { _ in 0 }
        var left = room
        while left > 0 {
            let open = wanted.indices.filter { shares[$0] < wanted[$0] }
            guard !open.isEmpty else { break }
            for index in open where left > 0 {
                shares[index] += 1
                left -= 1
            }
        }
        return shares
    }
}
