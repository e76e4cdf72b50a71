import TaskRun

/// What a measurement found.
struct BenchReport {
    let load: BenchLoad
    let concurrency: Int
    let conditions: ScratchTables.Conditions
    /// Whether the database wakes waiting runs when tasks are added, or nil if they notice without that.
    let notifies: Bool?
    /// How long adding all took.
    let adding: Duration
    let run: Drain.Outcome
    let latency: Latency

    private var seconds: Double { run.end - run.begin }
    private var addedPerSecond: Int { CountText.rate(load.count, in: adding) }
    private var performedPerSecond: Int { CountText.rate(run.performed, in: .seconds(seconds)) }
    private var peakMemory: Double { Double(run.peakMemory) / 1_048_576 }
    private var processorPerThousand: Double { run.processorMilliseconds / Double(max(run.performed, 1)) * 1000 }

    /// For programs; the keys are documented in the help.
    var json: JSONValue {
        func milliseconds(_ time: Duration?) -> JSONValue { time.map { .measured($0 / .milliseconds(1)) } ?? .null }
        return [
            "added_per_second": .number(addedPerSecond), "performed_per_second": .number(performedPerSecond),
            "cpu_ms_per_1000": .measured(processorPerThousand), "peak_memory_mib": .measured(peakMemory),
            "latency_p50_ms": milliseconds(latency.percentile(50)),
            "latency_p99_ms": milliseconds(latency.percentile(99)), "latency_tasks": .number(latency.times.count),
            "tasks": .number(load.count), "bytes": .number(load.bytes), "concurrency": .number(concurrency),
            "runs": .number(1), "performed_by_run": .list([.number(run.performed)]),
            "database": .text(conditions.database), "version": .text(conditions.version),
            "journal_mode": .text(conditions.journal), "synchronous": .text(conditions.synchronous),
            "synchronous_commit": .text(conditions.synchronousCommit), "fsync": .text(conditions.fsync),
            "notify": notifies.map { .bool($0) } ?? .null,
            "seconds_adding": .seconds(adding), "seconds": .measured(seconds),
        ]
    }

    /// For people.
    func lines(on terminal: Terminal) -> [String] {
        let ink = Ink(isOn: terminal.hasColour)
        var table = TextTable([
            .text(""), .number("tasks/s"), .number("seconds"), .number("CPU ms/1,000"), .number("peak MiB"),
        ])
        table.add([
            "added", TextTable.Cell(CountText.write(addedPerSecond)), "\(Self.places(adding / .seconds(1), 3))", "", "",
        ])
        table.add([
            "performed", TextTable.Cell(CountText.write(performedPerSecond), .green), "\(Self.places(seconds, 3))",
            "\(Self.places(processorPerThousand, 2))", "\(Self.places(peakMemory, 1))",
        ])
        return [ink(heading, .bold), ""] + table.lines(on: terminal) + latencyLines
    }

    private var heading: String {
        let settings = [
            conditions.journal.map { "journal \($0)" }, conditions.synchronous.map { "synchronous \($0)" },
            conditions.synchronousCommit.map { "synchronous_commit \($0)" }, conditions.fsync.map { "fsync \($0)" },
        ]
        let work = "\(CountText.write(load.count)) tasks of \(load.bytes) bytes, concurrency \(concurrency)"
        return (["\(conditions.database) \(conditions.version)"] + settings.compactMap(\.self) + [work])
            .joined(separator: ", ")
    }

    private var latencyLines: [String] {
        guard let half = latency.percentile(50), let most = latency.percentile(99) else { return [] }
        func text(_ time: Duration) -> String { "\(Self.places(time / .milliseconds(1), 1)) ms" }
        let tasks = "\(latency.times.count) tasks, one at a time, while a run waits as with once --linger"
        return ["", "From commit to start: p50 \(text(half)), p99 \(text(most)) (\(tasks))."]
    }

    /// A number with so many digits after the point.
    private static func places(_ value: Double, _ places: Int) -> String {
        let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
        let whole = Int((max(0, value) * Double(scale)).rounded())
        let digits = String(whole % scale)
        return CountText.write(whole / scale) + "." + String(repeating: "0", count: places - digits.count) + digits
    }
}
