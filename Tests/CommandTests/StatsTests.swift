import Foundation
import Testing

@testable import TaskRun
@testable import TaskRunCLI

/// `taskrun stats`.
@Suite("Stats")
struct StatsTests {
    @Test("says what ended, by name, queue and host", arguments: Scratch.Database.withPoolers)
    func groups(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            #expect(try await place.taskrun("stats").output == "No task ended within 60 min.\n")
            #expect(try await place.taskrun("stats", "--json").output.isEmpty)
            try place.handler("OK", "exit 0")
            try place.handler("NO", "exit 9")
            for _ in 1...3 { try await place.taskrunOK("add", "OK") }
            try await place.taskrunOK("add", "OK", "--queue", "mail")
            try await place.taskrunOK("add", "NO", "--max-attempts", "1")
            try await place.taskrunOK("add", "NO", "--max-attempts", "2")
            #expect(try await place.taskrun("once").status == 0)
            let names = try await place.taskrun("stats", "--since", "10m", "--json").objects()
            #expect(names.map { $0["task_name"] as? String } == ["NO", "OK"])
            #expect(names[0]["failed"] as? Int == 1 && names[0]["retried"] as? Int == 1)
            #expect(names[1]["succeeded"] as? Int == 4 && names[1]["succeeded_per_minute"] as? Double == 0.4)
            #expect(names[1]["seconds"] as? Double == 600)
            let ran = try #require(names[1]["ran"] as? [String: Double])
            let (half, most) = (try #require(ran["p50"]), try #require(ran["max"]))
            #expect(half > 0 && half <= most && most < 300)
            #expect(names[1]["waited"] is [String: Double])
            let queues = try await place.taskrun("stats", "--by", "queue", "--json").objects()
            #expect(queues.map { $0["queue"] as? String } == ["default", "mail"])
            #expect(queues.map { $0["succeeded"] as? Int } == [3, 1])
            let hosts = try await place.taskrun("stats", "--by", "host", "--json").objects()
            #expect(hosts.count == 1 && hosts[0]["succeeded"] as? Int == 4)
            let lines = try await place.taskrun("stats").lines
            #expect(lines[0] == "A minute, within 60 min; times: p50, p95, max.")
            #expect(lines.contains { $0.hasPrefix("OK ") && $0.contains(" 0.07 ") }, "\(lines)")
            #expect(lines.last?.hasPrefix("all ") == true)
        }
    }

    @Test("a time that is to come, or none, is refused with what to give")
    func since() async throws {
        try await Scratch.with { place in
            let future = try await place.taskrun("stats", "--since", "2999-01-01 00:00:00")
            #expect(future.status == 64 && future.errors.contains("is in the future"))
            for word in ["soon", "0s", "-1h", "5"] {
                let answer = try await place.taskrun("stats", "--since=\(word)")
                #expect(answer.status == 64 && answer.errors.contains("--since"), "\(word): \(answer)")
            }
            #expect(try await place.taskrun("stats", "--since", "2020-01-01").status == 0)
            let key = try await place.taskrun("stats", "--by", "nam")
            #expect(key.status == 64 && key.errors.contains("Did you mean \"name\"?"))
        }
    }

    @Test("on a terminal it fits, with a line over time", arguments: [80, 120])
    func terminal(_ width: Int) throws {
        var report = MeasureReport(
            MeasureRequest(since: .seconds(3600), by: .name, parts: StatsView.parts),
            now: Date(timeIntervalSince1970: 1_000_000)
        )
        for minute in 0..<60 {
            var measure = Measure()
            measure.succeeded = Int64(minute * 1000)
            measure.retried = 1
            for _ in 0..<9 { measure.ran.add(.milliseconds(900)) }
            measure.waited.add(.seconds(minute * 60))
            let tasks = TaskMeasure(name: "A_RATHER_LONG_NAME_OF_A_TASK", queue: "q", measure: measure)
            let moment = Date(timeIntervalSince1970: 1_000_000 - Double(minute) * 60)
            report.add(MeasureRow(minute: moment, host: "h", tasks: tasks))
        }
        let terminal = Terminal(isTerminal: true, width: width, hasColour: false)
        let lines = StatsView(report).lines(on: terminal)
        #expect(lines.allSatisfy { $0.displayWidth <= width }, "\(lines)")
        #expect(lines.last?.hasSuffix("▁") == true && lines.last?.contains("█") == true, "\(lines)")
    }

    @Test(arguments: [
        (0, "0ms"), (1, "1ms"), (999, "999ms"), (1000, "1.0s"), (9940, "9.9s"), (12_000, "12s"), (99_400, "99s"),
        (120_000, "2m"), (5_900_000, "98m"), (7_200_000, "2h"), (200_000_000, "2d"),
    ])
    func shortTimes(_ milliseconds: Int, _ text: String) {
        #expect(StatsView.shortly(.milliseconds(milliseconds)) == text)
    }

    @Test("a sparkline has a bar for each part, the highest for the greatest")
    func sparkline() {
        #expect(Sparkline.draw([0, 1, 4, 8], width: 4) == " ▂▅█")
        #expect(Sparkline.draw([1, 0, 0, 8], width: 2) == "▂█")
        #expect(Sparkline.draw([0, 0], width: 9).isEmpty && Sparkline.draw([], width: 9).isEmpty)
    }
}
