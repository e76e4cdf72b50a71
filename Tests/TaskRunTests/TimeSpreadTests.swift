import Platform
import Testing

@testable import TaskRun

@Suite("How long things took, in buckets")
struct TimeSpreadTests {
    @Test("each bucket begins where the one before ends, and is a quarter of its bound at most")
    func bounds() {
        #expect((0..<4).map { TimeSpread.bound(of: $0) } == [1, 2, 3, 4].map { .milliseconds($0) })
        #expect(TimeSpread.bucket(of: .zero) == 0 && TimeSpread.bucket(of: .milliseconds(1)) == 0)
        for bucket in 1..<TimeSpread.buckets {
            let (below, bound) = (TimeSpread.bound(of: bucket - 1), TimeSpread.bound(of: bucket))
            #expect(bucket < 4 || bound - below <= below / 4, "\(bucket)")
            #expect(TimeSpread.bucket(of: below + .nanoseconds(1)) == bucket)
            if bucket < TimeSpread.buckets - 1 { #expect(TimeSpread.bucket(of: bound) == bucket) }
        }
        // Powers of two are bounds: monitoring goes by them.
        for power in 2..<30 { #expect(TimeSpread.bound(of: power * 4 - 5) == .milliseconds(1 << power)) }
        #expect(TimeSpread.bucket(of: .seconds(Int64.max / 2)) == TimeSpread.buckets - 1)
        #expect(TimeSpread.bucket(of: .seconds(8_599_999)) == TimeSpread.buckets - 1)
    }

    @Test("a quantile is within a quarter of the real one, and never above the longest")
    func quantiles() throws {
        var spread = TimeSpread()
        #expect(spread.quantile(0.5) == nil)
        let times = (1...1000).map { Duration.milliseconds($0 * 3) }
        for time in times.shuffled() { spread.add(time) }
        for (share, index) in [(0.5, 499), (0.95, 949), (0.99, 989), (1, 999)] {
            let found = try #require(spread.quantile(share))
            #expect(found >= times[index] * 0.8 && found <= times[index] * 1.25, "\(share)")
        }
        #expect(spread.quantile(1) == .seconds(3) && spread.longest == .seconds(3) && spread.count == 1000)
        #expect(spread.total == .milliseconds(3 * 500_500))
        var one = TimeSpread()
        one.add(.milliseconds(70))
        #expect(one.quantile(0.5) == .milliseconds(70))
        one.add(.seconds(-5))
        #expect(one.count(upTo: 0) == 1 && one.total == .milliseconds(70))
    }

    @Test("spreads add up, in any order, and survive the way through the table")
    func sums() {
        var (one, other, all) = (TimeSpread(), TimeSpread(), TimeSpread())
        for number in 0..<200 {
            let time = Duration.microseconds(number * number * 700)
            if number % 3 == 0 { one.add(time) } else { other.add(time) }
            all.add(time)
        }
        var (sum, reverse) = (one, other)
        sum.add(other)
        reverse.add(one)
        #expect(sum == all && reverse == all)
        let read = TimeSpread(json: Array(all.json.utf8), microseconds: 0, longest: 0)
        #expect(read.counts == all.counts)
        #expect(TimeSpread().json == "{}" && TimeSpread(json: [], microseconds: 0, longest: 0) == TimeSpread())
    }

    @Test(
        "what others write into the column is no trouble",
        arguments: ["", "null", "[]", "{\"500\":1}", "{\"1\":", "{\"a\":{}}", "{\"99999999999999999999999\":1}", "7"]
    )
    func odd(_ json: String) {
        #expect(TimeSpread(json: Array(json.utf8), microseconds: 5, longest: 4).count == 0)
    }

    @Test("database's own spaces between the members change nothing")
    func spaces() {
        let spread = TimeSpread(json: Array("{\"2\": 3, \"12\": 40}".utf8), microseconds: 5, longest: 4)
        #expect(spread.count(upTo: 2) == 3 && spread.count == 43)
        #expect(spread.total == .microseconds(5) && spread.longest == .microseconds(4))
    }
}

@Suite("What a run measures")
struct MeasuresTests {
    @Test("is kept by name and queue, by their bytes")
    func kept() throws {
        var measures = Measures()
        #expect(measures.isEmpty)
        let names = ["A", "A", "B", "A", "\u{e9}", "e\u{301}"]
        for (number, name) in names.enumerated() {
            let queue = number == 1 ? "q" : "default"
            measures.count(.succeeded, name: name, queue: queue, ran: .milliseconds(5), waited: .seconds(1))
        }
        #expect(measures.all.count == 5)
        let first = try #require(measures.all.first)
        #expect(first.name == "A" && first.queue == "default" && first.measure.succeeded == 2)
        #expect(first.measure.ran.total == .milliseconds(10) && first.measure.waited.total == .seconds(2))
        measures.clear()
        #expect(measures.isEmpty)
    }

    @Test("counts each end once, and gives a lost lease no time")
    func ends() throws {
        var measures = Measures()
        for end in [Measures.End.succeeded, .failed, .retried, .retried, .leaseLost] {
            measures.count(end, name: "A", queue: "q", ran: .seconds(1), waited: .zero)
        }
        measures.countRecovered(name: "A", isFailed: false)
        measures.countRecovered(name: "A", isFailed: true)
        measures.countExpired(name: "A")
        let (own, any) = (measures.all[0].measure, measures.all[1].measure)
        #expect(own.succeeded == 1 && own.failed == 1 && own.retried == 2 && own.leasesLost == 1)
        #expect(own.ran.count == 4 && own.ended == 4)
        #expect(measures.all[1].queue == "*" && any.recovered == 2 && any.failed == 2 && any.ran.count == 0)
    }

    @Test("does not grow with the number of queues")
    func bounded() throws {
        var measures = Measures()
        for number in 0..<5000 {
            measures.count(.succeeded, name: "A", queue: "q\(number)", ran: .zero, waited: .zero)
        }
        #expect(measures.all.count == 1001)
        let rest = try #require(measures.all.last)
        #expect(rest.queue == "*" && rest.measure.succeeded == 4000)
    }
}

@Suite("Measures, summed up")
struct MeasureReportTests {
    private func row(_ age: Double, name: String = "A", queue: String = "q", host: String = "h") -> MeasureRow {
        var measure = Measure()
        measure.succeeded = 1
        measure.ran.add(.seconds(1))
        let minute = Date(timeIntervalSince1970: 1_000_000 - age)
        return MeasureRow(minute: minute, host: host, tasks: TaskMeasure(name: name, queue: queue, measure: measure))
    }

    @Test("by name, queue or host, over the parts of the time", arguments: MeasureRequest.Key.allCases)
    func groups(_ key: MeasureRequest.Key) {
        let now = Date(timeIntervalSince1970: 1_000_000)
        var report = MeasureReport(MeasureRequest(since: .seconds(600), by: key, parts: 10), now: now)
        report.add(row(599, name: "B", queue: "r", host: "i"))
        for age in [599.0, 301, 299, 1, 0] { report.add(row(age)) }
        // Rows of clocks that are wrong by an hour.
        report.add(row(3600))
        report.add(row(-3600))
        let names = ["name": ["A", "B"], "queue": ["q", "r"], "host": ["h", "i"]]
        #expect(report.groups.map(\.key) == names[key.rawValue])
        #expect(report.groups[0].succeeded == [2, 0, 0, 0, 1, 1, 0, 0, 0, 3])
        #expect(report.all.succeeded == 8 && report.all.ran.count == 8)
    }
}
