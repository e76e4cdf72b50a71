import ArgumentParser
import Platform
import TaskRun
import Text

/// `taskrun metrics`: everything that a monitoring system wants to know, in its own format.
struct MetricsCommand: ProgramCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Write numbers about tasks and runs for Prometheus and its like.",
        discussion: """
              taskrun metrics
              taskrun metrics --output /var/lib/node_exporter/textfile/taskrun.prom
              * * * * *  cd /srv/app && taskrun metrics --output /var/lib/node_exporter/textfile/taskrun.prom

            The text is OpenMetrics, which node_exporter's textfile collector reads as well. Times are in seconds, \
            moments in seconds since 1970, 0 for never. Each series is there from the start, at 0. Totals and \
            histograms count from the upgrade to version 14 of the tables, over all hosts. docs/monitoring.md explains \
            each of them.

            With --output the file is replaced at once and whole: a reader sees the old text or the new one. If the \
            database cannot be read, the old file stays as it is; its \
            taskrun_metrics_written_timestamp_seconds then says how old it is.

            With --json, one object a number: name, labels, value.
            """
    )

    @Option(
        help: ArgumentHelp("Replace this file, instead of writing to stdout.", valueName: "file")
    )
    var output: String?
    @OptionGroup var options: SharedOptions

    func validate() throws { try ArgumentWord.refuseEmpty([("--output", output)]) }

    func run(in program: Program) async throws -> ExitStatus {
        let settings = try program.settings(options)
        let identity = RunIdentity.ofThisProcess()
        let own = program.hostView(settings).names ?? []
        let facts = try await program.withStore(settings) { store in
            try await store.requireSchema()
            return try await store.metricsFacts(own)
        }
        let metrics = MetricsView(facts, life: HostProcesses(identity: identity).life).metrics
        let lines = options.isJSON ? metrics.flatMap(\.json).map { $0.line + "\n" }.joined() : Metric.text(metrics)
        if let output {
            try FileReplacement.write(Array(lines.utf8), to: output)
        } else {
            try program.output.write(bytes: Array(lines.utf8))
        }
        return .done
    }
}

extension TaskStore where Self: Administration {
    /// Reads what metrics are made of.
    ///
    /// - Parameter own: The task names that this host has a handler for.
    /// - Returns: The facts.
    /// - Throws: What the store throws.
    func metricsFacts(_ own: [String]) async throws(StoreError) -> MetricsFacts {
        let summary = try await summary()
        let runs = try? await runs(limit: RunOverview.mostRuns)
        let served = (try? await servedNames())?.names ?? []
        let names = Set((own + served).map { ByteText($0) }).sorted().map(\.text)
        let totals = try await totals()
        let claimable = try await oldestClaimable(names: names)
        return MetricsFacts(
            summary: summary,
            runs: runs,
            totals: totals,
            claimable: claimable,
            names: names,
            now: runs?.now ?? Date()
        )
    }
}
