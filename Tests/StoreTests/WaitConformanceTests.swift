import Foundation
import TaskRun
import Testing

@Suite("Waiting for tasks")
struct WaitConformanceTests {
    /// A database, and whether it tells waiting runs of new tasks.
    struct Place: CustomTestStringConvertible, Sendable {
        let kind: StoreUnderTest
        let notifies: Bool
        var testDescription: String { kind.rawValue + (notifies ? " with triggers" : "") }
        static let all =
            StoreUnderTest.allCases.map { Place(kind: $0, notifies: false) }
            + [Place(kind: .postgresql, notifies: true)]
    }

    private func with(_ place: Place, _ body: (Fixture) async throws -> Void) async throws {
        try await Fixture.with(place.kind) { fixture in
            if place.notifies {
                let isNew = try await fixture.store.setNotify(true)
                #expect(isNew)
            }
            try await body(fixture)
        }
    }

    @Test("a row that is due already ends the wait at once", arguments: Place.all)
    func already(_ place: Place) async throws {
        try await with(place) { fixture in
            try await fixture.due()
            let isDue = try await fixture.wait()
            #expect(isDue)
        }
    }

    @Test("a row that another program adds ends the wait, each time", arguments: Place.all)
    func added(_ place: Place) async throws {
        try await with(place) { fixture in
            for _ in 0..<10 {
                async let isDue = fixture.wait()
                try await fixture.sql("INSERT INTO tasks (task_name) VALUES ('A')")
                #expect(try await isDue)
                let claimed = try await fixture.claim(now: Date())
                #expect(claimed.count == 1)
            }
        }
    }

    @Test("a change between a claim and the wait after it is not missed", arguments: Place.all)
    func between(_ place: Place) async throws {
        try await with(place) { fixture in
            let isDueAtFirst = try await fixture.wait(.milliseconds(300))
            #expect(!isDueAtFirst)
            #expect(try await fixture.claim(now: Date()).isEmpty)
            try await fixture.sql("INSERT INTO tasks (task_name) VALUES ('A')")
            let isDue = try await fixture.wait()
            #expect(isDue)
        }
    }

    @Test("rows of other names and queues, of the future, FAILED or in hand do not end it", arguments: Place.all)
    func others(_ place: Place) async throws {
        try await with(place) { fixture in
            let future = Fixture.moment(Date(timeIntervalSinceNow: 3600))
            try await fixture.sql("INSERT INTO tasks (task_name) VALUES ('B')")
            try await fixture.sql("INSERT INTO tasks (task_name, queue) VALUES ('A', 'other')")
            try await fixture.sql("INSERT INTO tasks (task_name, run_at) VALUES ('A', \(future))")
            try await fixture.sql("INSERT INTO tasks (task_name, status) VALUES ('A', 'FAILED')")
            async let isDue = fixture.wait(.milliseconds(600), queues: ["default", "q"])
            try await fixture.sql("INSERT INTO tasks (task_name) VALUES ('B')")
            #expect(try await !isDue)
            async let isDueInOther = fixture.wait(queues: ["q", "other"])
            #expect(try await isDueInOther)
        }
    }

    @Test("a row for the future ends it when its moment comes, not before", arguments: Place.all)
    func future(_ place: Place) async throws {
        try await with(place) { fixture in
            let moment = Date(timeIntervalSinceNow: 1.5)
            async let isDue = fixture.wait()
            try await fixture.sql("INSERT INTO tasks (task_name, run_at) VALUES ('A', \(Fixture.moment(moment)))")
            #expect(try await isDue)
            #expect(moment.timeIntervalSinceNow < 0.01)
            #expect(try await fixture.claim(now: Date(timeIntervalSinceNow: 0.01)).count == 1)
        }
    }

    @Test("a row that is sent back or brought forward by hand ends it", arguments: Place.all)
    func byHand(_ place: Place) async throws {
        try await with(place) { fixture in
            try await fixture.sql("INSERT INTO tasks (task_name, status) VALUES ('A', 'FAILED')")
            async let isDue = fixture.wait()
            _ = try await fixture.store.retry(.all)
            #expect(try await isDue)
            let later = Fixture.moment(Date(timeIntervalSinceNow: 3600))
            try await fixture.sql("UPDATE tasks SET run_at = \(later)")
            async let isDueAgain = fixture.wait()
            try await fixture.sql("UPDATE tasks SET run_at = created_at")
            #expect(try await isDueAgain)
        }
    }

    @Test("a row whose run died ends it", arguments: Place.all)
    func crashed(_ place: Place) async throws {
        try await with(place) { fixture in
            async let isDue = fixture.wait(queues: ["default"])
            try await fixture.sql("INSERT INTO tasks (task_name, crashes) VALUES ('A', 1)")
            #expect(try await isDue)
        }
    }

    @Test("cancelled, it ends soon and the store can be used", arguments: Place.all)
    func cancelled(_ place: Place) async throws {
        try await with(place) { fixture in
            for milliseconds in [0, 1, 50, 300] {
                let wait = Task { try await fixture.wait() }
                try await Task.sleep(for: .milliseconds(milliseconds))
                wait.cancel()
                let isDue = try await wait.value
                #expect(!isDue)
                #expect(try await fixture.claim(now: Date()).isEmpty)
            }
        }
    }

    @Test("another run's claim takes what was seen, and the next wait goes on", arguments: Place.all)
    func taken(_ place: Place) async throws {
        try await with(place) { fixture in
            try await fixture.due()
            let other = try fixture.anotherStore()
            let request = ClaimRequest(owner: "other", names: ["A"], share: .usual(limit: 1, crashed: 1))
            #expect(try await other.claim(request).count == 1)
            let isDue = try await fixture.wait(.milliseconds(300))
            #expect(!isDue)
            await other.close()
        }
    }
}

@Suite("A look at the table")
struct LookConformanceTests {
    @Test("says whether anything is due, in some run's hand, and which names wait", arguments: StoreUnderTest.allCases)
    func look(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            func look(_ queues: QueueFilter? = nil) async throws -> Look {
                try await fixture.store.look(names: ["A", "C"], queues: queues)
            }
            #expect(try await look() == Look(holdsClaims: false, isDue: false, waitingNames: []))
            try await fixture.due(name: "B")
            #expect(try await look() == Look(holdsClaims: false, isDue: false, waitingNames: ["B"]))
            let later = Fixture.moment(Date(timeIntervalSinceNow: 3600))
            try await fixture.sql("INSERT INTO tasks (task_name, run_at) VALUES ('A', \(later))")
            #expect(try await look() == Look(holdsClaims: false, isDue: false, waitingNames: ["A", "B"]))
            try await fixture.due()
            #expect(try await look().isDue)
            #expect(try await look(["default"]).isDue)
            #expect(try await !look(["other"]).isDue)
            let claimed = try await fixture.claim(now: Date())
            #expect(claimed.count == 1)
            #expect(try await look() == Look(holdsClaims: true, isDue: false, waitingNames: ["A", "B"]))
            try await fixture.sql("INSERT INTO tasks (task_name, crashes) VALUES ('C', 3)")
            #expect(try await look() == Look(holdsClaims: true, isDue: true, waitingNames: ["A", "B", "C"]))
        }
    }
}

extension Fixture {
    /// Waits for tasks named A.
    fileprivate func wait(_ limit: Duration = .seconds(60), queues: QueueFilter? = nil) async throws -> Bool {
        try await store.waitForTasks(names: ["A"], queues: queues, until: .now.advanced(by: limit))
    }
}
