import Foundation
import TestSupport
import Testing

/// How often a run asks a server that may be far away.
@Suite("A run on PostgreSQL")
struct RoundTripTests {
    private func with(_ body: (Scratch, CountingRelay) async throws -> Void) async throws {
        let server = try await PostgreSQLServer.start()
        try await Scratch.with(.postgresql, server: server) { place in
            let relay = try CountingRelay(to: server)
            let url = try #require(place.variables["TASKRUN_DATABASE"])
            let relayed = url.replacing(server.folder.path, with: relay.folder.path)
            #expect(url != relayed)
            try place.handler("PING", "exit 0")
            try await body(place.setting(["TASKRUN_DATABASE": relayed]), relay)
        }
        try await server.stop(.immediate)
    }

    /// What a run sends; without what it sends each second while a handler works, as one may on a busy machine.
    private func once(_ place: Scratch, _ relay: CountingRelay) async throws -> CountingRelay.Count {
        _ = relay.take()
        let began = ContinuousClock.now
        let answer = try await place.taskrun("once")
        let seconds = Int(began.duration(to: .now).components.seconds)
        #expect(answer.status == 0 && answer.errors.isEmpty, "\(answer)")
        var count = relay.take()
        count.statements -= 4 * seconds
        count.roundTrips -= 2 * seconds
        return count
    }

    // The run writes down that it was there: two statements in one round trip.
    @Test("with nothing due sends 6 statements in 3 round trips")
    func empty() async throws {
        try await with { place, relay in
            let count = try await once(place, relay)
            #expect(count.statements <= 6 && count.roundTrips <= 3, "\(count)")
            // Rows that wait for later, or that failed, change nothing.
            try await place.sql(
                """
                INSERT INTO tasks (task_name, run_at, status) VALUES ('PING', now() + interval '1 day', 'WAITING'),
                    ('PING', now(), 'FAILED'), ('PING', now() + interval '1 hour', 'WAITING')
                """
            )
            let more = try await once(place, relay)
            #expect(more.statements <= 6 && more.roundTrips <= 3, "\(more)")
        }
    }

    // Two of them, in one round trip, are about the row of the run; three, in another, about what it measured.
    @Test("with one plain task sends at most 15 statements in 6 round trips")
    func one() async throws {
        try await with { place, relay in
            var counts: [CountingRelay.Count] = []
            for _ in 1...5 {
                try await place.sql("INSERT INTO tasks (task_name) VALUES ('PING')")
                counts.append(try await once(place, relay))
                #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
            }
            let least = try #require(counts.min { $0.statements < $1.statements })
            #expect(least.statements <= 15 && least.roundTrips <= 6, "\(counts)")
        }
    }
}
