import Foundation
import TestSupport
import Testing
import Yams

/// The files in `Examples/monitoring`.
@Suite("Examples for monitoring")
struct MonitoringExamplesTests {
    private static let folder = Snippet.root.appending(path: "Examples/monitoring")

    private static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    /// The SELECTs of a file, by the name in the comment above each.
    private static func alerts(_ database: Scratch.Database) throws -> [(name: String, sql: String)] {
        let text = try text("alerts.\(database == .sqlite ? "sqlite" : "postgresql").sql")
        return text.matches(of: /(?m)^-- (Taskrun\w+): .*\n((?s)SELECT.*?;)$/).map { (String($0.1), String($0.2)) }
    }

    @Test("every alert and panel asks for metrics that are there")
    func metrics() async throws {
        try await Scratch.with { place in
            try place.handler("OK", "exit 0")
            let families = Set(try MetricsText(try await place.taskrun("metrics").output).families)
            for name in ["alerts.yaml", "grafana.json"] {
                let asked = Set(try Self.text(name).matches(of: /taskrun_[a-z_]+/).map { String($0.0) })
                #expect(asked.count > 6)
                for series in asked {
                    let family = series.replacing(/_(bucket|sum|count)$/, with: "")
                    #expect(families.contains(family), "\(name): \(series)")
                }
            }
        }
    }

    @Test("the YAML files are what their readers expect")
    func yaml() throws {
        let rules = try #require(try Yams.load(yaml: Self.text("alerts.yaml")) as? [String: Any])
        let groups = try #require(rules["groups"] as? [[String: Any]])
        let alerts = try #require(groups.first?["rules"] as? [[String: Any]])
        for alert in alerts {
            #expect(alert["alert"] is String && alert["expr"] is String, "\(alert)")
            let notes = try #require(alert["annotations"] as? [String: String])
            #expect(Set(notes.keys) == ["summary", "description"])
        }
        let names = alerts.compactMap { $0["alert"] as? String }
        for database in Scratch.Database.allCases {
            // What is about the metrics themselves, or about the server, has no SELECT on each.
            let others = database == .sqlite ? ["TaskrunMetricsOld", "TaskrunOldTransaction"] : ["TaskrunMetricsOld"]
            #expect(try Self.alerts(database).map(\.name) == names.filter { !others.contains($0) })
        }
        let job = try #require(try Yams.load(yaml: Self.text("cronjob.yaml")) as? [String: Any])
        #expect(job["apiVersion"] as? String == "batch/v1" && job["kind"] as? String == "CronJob")
        let spec = try #require(job["spec"] as? [String: Any])
        #expect(spec["schedule"] as? String == "* * * * *" && spec["concurrencyPolicy"] as? String == "Allow")
        let template = (spec["jobTemplate"] as? [String: Any])?["spec"] as? [String: Any]
        let pod = try #require((template?["template"] as? [String: Any])?["spec"] as? [String: Any])
        #expect(pod["restartPolicy"] as? String == "Never")
        let containers = try #require(pod["containers"] as? [[String: Any]])
        #expect((containers.first?["command"] as? [String])?.prefix(2) == ["taskrun", "once"])
    }

    @Test("the dashboard is JSON, with a query in each panel")
    func dashboard() throws {
        let object = try JSONSerialization.jsonObject(with: Data(Self.text("grafana.json").utf8))
        let panels = try #require((object as? [String: Any])?["panels"] as? [[String: Any]])
        #expect(panels.count > 8 && Set(panels.compactMap { $0["id"] as? Int }).count == panels.count)
        for panel in panels {
            let targets = try #require(panel["targets"] as? [[String: Any]])
            #expect(panel["title"] is String && targets.allSatisfy { $0["expr"] is String } && !targets.isEmpty)
        }
    }

    @Test("the command lines of the units and of the pod are understood")
    func units() async throws {
        let service = try Self.text("taskrun.service")
        for text in [service, try Self.text("taskrun.timer")] {
            let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
            #expect(lines.allSatisfy { $0.wholeMatch(of: /\[\w+\]|[A-Z]\w+=\S.*/) != nil })
        }
        let line = try #require(service.firstMatch(of: /ExecStart=\S+\/taskrun (.*)/)).1
        let job = try #require(try Self.text("cronjob.yaml").firstMatch(of: /command: \["taskrun", (.*)\]/)).1
        try await Scratch.with { place in
            let inJob = job.split(separator: ",").map { $0.filter { $0 != "\"" && $0 != " " } }.map { String($0) }
            for words in [line.split(separator: " ").map(String.init), inJob] {
                let answer = try await place.start(words).answer()
                #expect(answer.status == 0, "\(words): \(answer)")
            }
        }
        let tool = ["/usr/bin/systemd-analyze", "/bin/systemd-analyze"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        guard let tool else { return }
        let timer = Self.folder.appending(path: "taskrun.timer").path
        let outcome = try await TestSupport.Command([tool, "verify", "--man=no", timer]).outcome()
        // It knows neither the user nor the program of the example.
        let told = outcome.errors.split(separator: "\n").filter { $0.contains("/taskrun.timer:") }
        #expect(told.isEmpty, "\(outcome.errors)")
    }

    @Test("promtool accepts the rules, where it is installed")
    func promtool() async throws {
        guard let tool = Promtool.path else { return }
        let file = Self.folder.appending(path: "alerts.yaml").path
        let outcome = try await TestSupport.Command([tool, "check", "rules", file]).outcome()
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test("each SELECT is silent if all is well, and returns a row if not", arguments: Scratch.Database.allCases)
    func selects(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            func alarms() async throws -> [String] {
                var found: [String] = []
                for alert in try Self.alerts(database) where alert.name != "TaskrunOldTransaction" {
                    if try await place.sql(alert.sql).isEmpty == false { found.append(alert.name) }
                }
                return found
            }
            if database == .postgresql {
                // Other tests may have such a transaction: it must only be understood.
                let alert = try #require(try Self.alerts(database).first { $0.name == "TaskrunOldTransaction" })
                _ = try await place.sql(alert.sql)
            }
            try place.handler("OK", "exit 0")
            try place.handler("NO", "exit 65")
            try place.handler("AGAIN", "exit 1")
            try await place.taskrunOK("add", "OK")
            try await place.taskrunOK("once")
            #expect(try await alarms().isEmpty)
            let past = database.moment(-3000)
            try await place.taskrunOK("add", "NO")
            try await place.taskrunOK("add", "AGAIN")
            try await place.taskrunOK("once")
            // A task that is late, but paused, is none of them.
            try await place.sql("INSERT INTO tasks (task_name, queue, run_at) VALUES ('OK', 'paused', \(past))")
            try await place.taskrunOK("pause", "paused")
            #expect(try await alarms() == ["TaskrunTasksFailed", "TaskrunManyRetries"])
            try await place.sql(
                """
                INSERT INTO tasks (task_name, run_at) VALUES ('OK', \(past));
                INSERT INTO tasks (task_name, run_at) VALUES ('NONE', \(past));
                UPDATE task_measures SET leases_lost = 1 WHERE task_name = 'OK';
                UPDATE task_runs SET seen_at = \(database.moment(-360));
                UPDATE task_runs SET ended_at = \(database.moment(-2000));
                """
            )
            let all = try Self.alerts(database).map(\.name).filter { $0 != "TaskrunOldTransaction" }
            #expect(try await alarms() == all)
        }
    }
}
