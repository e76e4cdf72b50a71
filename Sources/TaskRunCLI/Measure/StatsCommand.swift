import ArgumentParser
import Platform
import TaskRun
import Text

/// `taskrun stats`: how many tasks ended, and how long they ran and waited.
struct StatsCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Say how many tasks ended a minute, and how long they ran and waited.",
        discussion: """
              taskrun stats
              taskrun stats --since 1d --by queue
              taskrun stats --since '2030-12-31 18:00:00' --by host
              taskrun stats --json | jq 'select(.failed > 0)'

            Numbers are a minute: succeeded, became FAILED, and wait for another attempt. Times are p50, p95 and max: \
            half of the tasks, 95 of 100, and all of them took no longer. "ran" is the time of the handler, "waited" \
            the time from when a task was due until its handler began. On a terminal the column trend shows how many \
            succeeded over time, the newest on the right.

            All hosts are counted. Each run adds its numbers once a minute and at its end, to the minute of that \
            moment. They are kept for 7 days. Times are rounded: they differ from the measured ones by a quarter at \
            most. Tasks that expired, or were taken over from dead runs, count for the queue "*".

            With --json, one object a line: task_name, queue or host, since, until, seconds, succeeded, failed, \
            retried, recovered, lease_lost, succeeded_per_minute, failed_per_minute, retried_per_minute, ran and \
            waited (each: p50, p95, max, mean in seconds, null if there are none).
            """
    )

    @Option(
        help: ArgumentHelp("From so long ago, like 1d, or from a moment (default: 1h)", valueName: "age"),
        transform: { try Since($0, at: Date()) }
    )
    var since: Since?
    @Option(
        help: ArgumentHelp("name, queue or host: what each line is about (default: name)", valueName: "word"),
        transform: { try ArgumentWord.read($0) }
    )
    var by = MeasureRequest.Key.name
    @OptionGroup var options: SharedOptions

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let age = since?.age ?? .seconds(3600)
        let request = MeasureRequest(since: age, by: by, parts: StatsView.parts)
        let report = try await program.withStore(settings) { store in
            try await store.requireSchema()
            return try await store.measures(request)
        }
        let view = StatsView(report)
        try program.output.write(options.isJSON ? view.json.map(\.line) : view.lines(on: program.output.terminal))
        return .done
    }
}

/// The beginning of a time that ends now: an age like `1h`, or a moment.
struct Since: Equatable {
    /// How long ago it is.
    let age: Duration

    /// Reads an age or a moment.
    ///
    /// - Throws: ValidationError for text that is neither, and for a moment that is still to come.
    init(_ text: String, at now: Date) throws(ValidationError) {
        if let age = DurationText.parse(text) {
            guard age > .zero else { throw ValidationError("--since is \(text): expected more than no time.") }
            self.age = age
            return
        }
        guard let moment = MomentText.parse(text) else {
            throw ValidationError(
                "--since is \(text): expected \(DurationText.expected); or a moment: \(MomentText.expected)."
            )
        }
        let seconds = now.timeIntervalSince(moment)
        guard seconds > 0 else {
            throw ValidationError(
                "--since is \(text), which is in the future: it is \(MomentText.plain(now)) UTC. Give a moment of the "
                    + "past, or an age like 1h."
            )
        }
        age = .milliseconds(Int64(min(seconds, 1e12) * 1000))
    }
}

/// What `stats` shows.
struct StatsView {
    /// Into how many parts the time is divided.
    static let parts = 20
    /// How wide a name may be where there is no terminal, and at least.
    private static let nameWidths = (most: 40, least: 12)
    /// The fewest columns of a line over time.
    private static let leastTrend = 5

    private let report: MeasureReport

    init(_ report: MeasureReport) { self.report = report }

    private var minutes: Double { report.request.since / .seconds(60) }

    private var title: String {
        switch report.request.key {
        case .name: "task name"
        case .queue: "queue"
        case .host: "host"
        }
    }

    /// For people.
    func lines(on terminal: Terminal) -> [String] {
        let groups = report.groups
        let time = DurationText.rounded(report.request.since)
        guard !groups.isEmpty else { return ["No task ended within \(time)."] }
        let width = nameWidth(on: terminal)
        var rows = groups.map { [TextTable.Cell($0.key.cut(toWidth: width))] + cells($0.measure) }
        if groups.count > 1 { rows.append([TextTable.Cell("all", .faint)] + cells(report.all)) }
        let columns: [TextTable.Column] = [
            .text(title), .number("done"), .number("failed"), .number("retried"), .text("ran"), .text("waited"),
        ]
        var plain = TextTable(columns)
        rows.forEach { plain.add($0) }
        let head = ["A minute, within \(time); times: p50, p95, max.", ""]
        // The line over time gets the columns that are left.
        let used = plain.lines(on: Terminal(isTerminal: false, width: nil, hasColour: false)).map(\.displayWidth).max()
        let left = min((terminal.width ?? 0) - (used ?? 0) - 2, Self.parts)
        guard left >= Self.leastTrend else { return head + plain.lines(on: terminal) }
        var table = TextTable(columns + [.text("trend")])
        for (index, row) in rows.enumerated() {
            let trend = index < groups.count ? Sparkline.draw(groups[index].succeeded, width: left) : ""
            table.add(row + [TextTable.Cell(trend, .cyan)])
        }
        return head + table.lines(on: terminal)
    }

    /// The other columns take some 66, with a line over time.
    private func nameWidth(on terminal: Terminal) -> Int {
        guard let width = terminal.width else { return Self.nameWidths.most }
        return min(max(Self.nameWidths.least, width - 72), Self.nameWidths.most)
    }

    private func cells(_ measure: Measure) -> [TextTable.Cell] {
        [
            TextTable.Cell(rate(measure.succeeded)),
            TextTable.Cell(rate(measure.failed), measure.failed > 0 ? .red : nil),
            TextTable.Cell(rate(measure.retried), measure.retried > 0 ? .yellow : nil),
            TextTable.Cell(Self.times(measure.ran)), TextTable.Cell(Self.times(measure.waited)),
        ]
    }

    /// How many a minute: `1,234`, `12.3`, `0.02`, `0`.
    private func rate(_ count: Int64) -> String {
        let rate = Double(count) / minutes
        if rate >= 100 { return CountText.write(Int(min(rate, 1e15).rounded())) }
        let scale = rate >= 10 ? 10.0 : 100.0
        let rounded = (rate * scale).rounded() / scale
        return count > 0 && rounded == 0 ? "<0.01" : rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }

    private static func times(_ spread: TimeSpread) -> String {
        guard let half = spread.quantile(0.5), let most = spread.quantile(0.95) else { return "" }
        return [half, most, spread.longest].map(shortly).joined(separator: " ")
    }

    /// A time in few columns: `4ms`, `1.2s`, `35s`, `12m`, `3h`, `2d`.
    static func shortly(_ time: Duration) -> String {
        let seconds = time / .seconds(1)
        return switch seconds {
        case ..<0.9995: "\(Int((seconds * 1000).rounded(.up)))ms"
        case ..<9.95: "\((seconds * 10).rounded() / 10)s"
        case ..<99.5: "\(Int(seconds.rounded()))s"
        case ..<5970: "\(Int((seconds / 60).rounded()))m"
        case ..<172_800: "\(Int((seconds / 3600).rounded()))h"
        default: "\(Int((seconds / 86_400).rounded()))d"
        }
    }

    /// For programs.
    var json: [JSONValue] {
        let key =
            switch report.request.key {
            case .name: "task_name"
            case .queue: "queue"
            case .host: "host"
            }
        let since = report.now.addingTimeInterval(-(report.request.since / .seconds(1)))
        return report.groups.map { group in
            let measure = group.measure
            return .object([
                (key, .text(group.key)), ("since", .text(MomentText.iso(since))),
                ("until", .text(MomentText.iso(report.now))), ("seconds", .seconds(report.request.since)),
                ("succeeded", .number(measure.succeeded)), ("failed", .number(measure.failed)),
                ("retried", .number(measure.retried)), ("recovered", .number(measure.recovered)),
                ("lease_lost", .number(measure.leasesLost)),
                ("succeeded_per_minute", .measured(Double(measure.succeeded) / minutes)),
                ("failed_per_minute", .measured(Double(measure.failed) / minutes)),
                ("retried_per_minute", .measured(Double(measure.retried) / minutes)),
                ("ran", Self.json(measure.ran)), ("waited", Self.json(measure.waited)),
            ])
        }
    }

    private static func json(_ spread: TimeSpread) -> JSONValue {
        guard let half = spread.quantile(0.5), let most = spread.quantile(0.95) else { return .null }
        let mean = spread.total / .seconds(1) / Double(spread.count)
        return [
            "p50": .seconds(half), "p95": .seconds(most), "max": .seconds(spread.longest), "mean": .measured(mean),
        ]
    }
}
