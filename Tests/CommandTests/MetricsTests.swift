import Foundation
import RegexBuilder
import TestSupport
import Testing

@testable import TaskRunCLI

/// A strict reader of the text that `metrics` writes: what both OpenMetrics and the Prometheus text format demand.
struct MetricsText {
    struct Problem: Error { let text: String }

    /// The value of each series, by its name and labels as they stand there.
    private(set) var values: [String: Double] = [:]
    /// The names of the families, in order.
    private(set) var families: [String] = []

    init(_ text: String) throws {
        guard text.hasSuffix("# EOF\n") else { throw Problem(text: "it does not end with # EOF") }
        var types: [String: String] = [:]
        var helped: Set<String> = []
        var current: String?
        var buckets: [String: (count: Double, bound: Double)] = [:]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(2) {
            func refuse(_ why: String) -> Problem { Problem(text: "\(why): \(line)") }
            if let match = line.wholeMatch(of: /# (TYPE|UNIT|HELP) ([a-z_]+) (.+)/) {
                let name = String(match.2)
                switch match.1 {
                case "TYPE":
                    guard types[name] == nil, ["gauge", "histogram"].contains(match.3) else { throw refuse("type") }
                    types[name] = String(match.3)
                case "UNIT":
                    guard types[name] != nil, name.hasSuffix("_\(match.3)") else { throw refuse("unit") }
                default:
                    guard helped.insert(name).inserted else { throw refuse("second help") }
                    guard name.hasSuffix("_total") == (types[name] == nil) else { throw refuse("type of a total") }
                    families.append(name)
                    current = name
                }
                continue
            }
            let label = /[a-z_]+="(?:[^"\\\n]|\\["\\n])*"/
            let pattern = Regex {
                Capture { /[a-z_]+/ }
                Optionally {
                    "{";
                    Capture {
                        label;
                        ZeroOrMore {
                            ","; label
                        }
                    }; "}"
                }
                " "
                Capture { /-?[0-9.e+-]+/ }
            }
            guard let match = line.wholeMatch(of: pattern), let value = Double(match.3), let family = current else {
                throw refuse("no sample")
            }
            let name = String(match.1)
            let ends = types[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
            guard ends.contains(where: { name == family + $0 }) else { throw refuse("not of \(family)") }
            let series = String(line.dropLast(match.3.count + 1))
            guard values.updateValue(value, forKey: series) == nil else { throw refuse("second value") }
            if name.hasSuffix("_bucket") {
                guard let bound = series.firstMatch(of: /,le="(\+Inf|[0-9]+\.[0-9]+)"}$/) else { throw refuse("bound") }
                let number = bound.1 == "+Inf" ? Double.infinity : Double(bound.1) ?? -1
                let part = String(series[..<bound.range.lowerBound])
                if let before = buckets[part] {
                    guard number > before.bound, value >= before.count else { throw refuse("order of buckets") }
                }
                buckets[part] = (value, number)
            }
        }
        for (part, last) in buckets {
            let count = part.replacing("_bucket{", with: "_count{") + "}"
            guard last.bound == .infinity, values[count] == last.count else {
                throw Problem(text: "buckets and count differ: \(part)")
            }
        }
    }

    subscript(series: String) -> Double? { values[series] }
}

/// `taskrun metrics`.
@Suite("Metrics")
struct MetricsTests {
    private func metrics(_ place: Scratch) async throws -> MetricsText {
        let answer = try await place.taskrun("metrics")
        #expect(answer.status == 0 && answer.errors.isEmpty, "\(answer)")
        return try MetricsText(answer.output)
    }

    @Test("each series is there from the start, at 0", arguments: Scratch.Database.allCases)
    func start(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("OK", "exit 0")
            let before = try await metrics(place)
            let labels = "{task_name=\"OK\",queue=\"default\"}"
            for name in [
                "waiting_tasks", "due_tasks", "processing_tasks", "failed_tasks", "tasks_succeeded_total",
                "tasks_failed_total", "tasks_retried_total", "tasks_recovered_total", "leases_lost_total",
                "run_seconds_count", "wait_seconds_sum",
            ] { #expect(before["taskrun_\(name)\(labels)"] == 0, "\(name)") }
            for name in ["last_run", "last_success", "oldest_transaction"] {
                #expect(before["taskrun_\(name)_timestamp_seconds"] != nil, "\(name)")
            }
            #expect(before["taskrun_last_run_timestamp_seconds"] == 0)
            #expect(before["taskrun_oldest_claimable_timestamp_seconds{queue=\"default\"}"] == 0)
            for _ in 1...2 { try await place.taskrunOK("add", "OK") }
            #expect(try await place.taskrun("once").status == 0)
            try await place.taskrunOK("add", "OK")
            let after = try await metrics(place)
            #expect(after.families == before.families)
            #expect(after["taskrun_tasks_succeeded_total\(labels)"] == 2)
            #expect(after["taskrun_waiting_tasks\(labels)"] == 1 && after["taskrun_run_seconds_count\(labels)"] == 2)
            let now = Date().timeIntervalSince1970
            for name in ["last_run", "last_success", "metrics_written"] {
                let moment = try #require(after["taskrun_\(name)_timestamp_seconds"])
                #expect(abs(now - moment) < 300, "\(name)")
            }
            // Minutes go, totals stay.
            try await place.sql("DELETE FROM task_measures")
            #expect(try await metrics(place)["taskrun_tasks_succeeded_total\(labels)"] == 2)
            let objects = try await place.taskrun("metrics", "--json").objects()
            #expect(objects.count == after.values.count)
            #expect(objects.contains { $0["name"] as? String == "taskrun_tasks_succeeded_total" })
        }
    }

    @Test(
        "the oldest claimable task is none that is paused, locked, limited, unknown, or waits for a batch",
        arguments: Scratch.Database.allCases
    )
    func claimable(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            for name in ["OK", "LIMITED", "SLOW"] { try place.handler(name, "exit 0") }
            func add(
                _ name: String,
                _ queue: String,
                _ age: Int,
                _ columns: String = "",
                _ values: String = ""
            ) async throws {
                let row = "'\(name)', '\(queue)', \(database.moment(-age))\(values)"
                try await place.sql("INSERT INTO tasks (task_name, queue, run_at\(columns)) VALUES (\(row))")
            }
            try await add("OK", "paused", 5000)
            try await place.taskrunOK("pause", "paused")
            try await add("NONE", "unknown", 5000)
            try await add("LIMITED", "limited", 5000)
            try await place.taskrunOK("limit", "--name", "LIMITED", "--running", "0")
            try await add("OK", "slow", 5000)
            try await place.taskrunOK("limit", "slow", "--per-minute", "0")
            try await add("OK", "batch", 5000, ", after_batch", ", 'b'")
            try await add("OK", "batch", -5000, ", batch", ", 'b'")
            let lease = database.moment(600)
            try await place.sql(
                """
                INSERT INTO tasks (task_name, queue, lock_key, lock_place, status, lease_owner, lease_expires_at,
                    claim_no)
                VALUES ('OK', 'locked', 'k', 2, 'PROCESSING', 'web7 7 7 boot 7', \(lease), 1)
                """
            )
            try await add("OK", "locked", 5000, ", lock_key", ", 'k'")
            try await add("OK", "default", 300)
            try await add("OK", "default", 200, ", priority", ", -5")
            try await add("OK", "default", 5000, ", status", ", 'FAILED'")
            try await add("SLOW", "default", -60)
            try await add("OK", "free", 400, ", lock_key", ", 'f'")
            try await add("OK", "free", 900, ", lock_key, priority", ", 'f', 9")
            let found = try await metrics(place)
            let now = Date().timeIntervalSince1970
            for queue in ["paused", "unknown", "limited", "slow", "batch", "locked"] {
                #expect(found["taskrun_oldest_claimable_timestamp_seconds{queue=\"\(queue)\"}"] == 0, "\(queue)")
            }
            for (queue, age) in [("default", 300.0), ("free", 400)] {
                let moment = try #require(found["taskrun_oldest_claimable_timestamp_seconds{queue=\"\(queue)\"}"])
                #expect(abs(now - moment - age) < 120, "\(queue): \(now - moment)")
            }
            #expect(found["taskrun_queue_paused{queue=\"paused\"}"] == 1)
            #expect(found["taskrun_queue_paused{queue=\"default\"}"] == 0)
            #expect(found["taskrun_unknown_tasks"] == 1)
            #expect(found["taskrun_failed_tasks{task_name=\"OK\",queue=\"default\"}"] == 1)
        }
    }

    @Test("odd names are escaped", arguments: Scratch.Database.allCases)
    func escapes(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try await place.sql("INSERT INTO tasks (task_name, queue) VALUES ('A\"B\\C', 'q\"}{,=#')")
            let found = try await metrics(place)
            #expect(found["taskrun_waiting_tasks{task_name=\"A\\\"B\\\\C\",queue=\"q\\\"}{,=#\"}"] == 1)
        }
        #expect(Metric.escape("a\nb\"\\\u{1}", isLabel: true) == "a\\nb\\\"\\\\ ")
        #expect(Metric.escape("a\nb\"\\", isLabel: false) == "a\\nb\"\\\\")
    }

    @Test("--output replaces the file at once, and leaves it alone if anything fails")
    func output() async throws {
        try await Scratch.with { place in
            try place.write("old", to: "out/taskrun.prom")
            let path = place.folder.appending(path: "out/taskrun.prom")
            // Who has the old file open sees the old text to its end.
            let old = try FileHandle(forReadingFrom: path)
            let answer = try await place.taskrun("metrics", "--output", "out/taskrun.prom")
            #expect(answer.status == 0 && answer.output.isEmpty && answer.errors.isEmpty)
            #expect(try old.readToEnd() == Data("old".utf8))
            _ = try MetricsText(try String(contentsOf: path, encoding: .utf8))
            let mode = try FileManager.default.attributesOfItem(atPath: path.path)[.posixPermissions] as? Int
            #expect(mode.map { $0 & 0o444 } == 0o444)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(place.folder.path)/out") == ["taskrun.prom"])
            for target in ["none/taskrun.prom", "out", ""] {
                let refused = try await place.taskrun("metrics", "--output", target)
                #expect(refused.status == (target.isEmpty ? 64 : 78), "\(target): \(refused)")
                #expect(!refused.errors.isEmpty, "\(target)")
            }
            let before = try Data(contentsOf: path)
            let words = ["--database", "sqlite:none.db", "metrics", "--output", "out/taskrun.prom"]
            let broken = try await place.start(words).answer()
            let after = try Data(contentsOf: path)
            #expect(broken.status != 0 && after == before)
        }
    }

    @Test("a read-only folder is an error that says what to do")
    func readOnly() async throws {
        try await Scratch.with { place in
            // What even root cannot write.
            let answer = try await place.taskrun("metrics", "--output", "/proc/taskrun.prom")
            #expect(answer.status == 78 && answer.errors.contains("cannot replace /proc/taskrun.prom"), "\(answer)")
            #expect(answer.errors.contains("must be allowed to write files in it"))
        }
    }

    @Test("promtool accepts it, where it is installed")
    func promtool() async throws {
        guard let tool = Promtool.path else { return }
        try await Scratch.with { place in
            try place.handler("OK", "exit 0")
            try await place.taskrunOK("add", "OK")
            try await place.taskrunOK("once")
            let text = try await place.taskrun("metrics").output
            let outcome = try await TestSupport.Command([tool, "check", "metrics"], input: text).outcome()
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }
}

/// The program that checks what Prometheus reads.
enum Promtool {
    static let path = ["/usr/bin/promtool", "/usr/local/bin/promtool", "/opt/homebrew/bin/promtool"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }
}
