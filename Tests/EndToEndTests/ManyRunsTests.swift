import Foundation
import TestSupport
import Testing

@Suite("Many runs")
struct ManyRunsTests {
    @Test(
        "10,000 rows, three runs at the same time: each task is performed once, the table is empty",
        arguments: DatabaseKind.allCases
    )
    func tenThousand(_ kind: DatabaseKind) async throws {
        try await Place.with(kind) { place in
            try place.handler("WORK", "#!/bin/sh\necho $TASKRUN_TASK_ID >> \"$LOG\"\n")
            try await place.add(10_000)
            let runs = try (0..<3).map { _ in try place.start("once", "--drain", "--concurrency", "4") }
            for run in runs {
                let end = try await run.end()
                #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
            }
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
            let lines = place.lines()
            #expect(lines.count == 10_000 && Set(lines).count == 10_000)
        }
    }

    @Test("PostgreSQL restarts in the middle of a run: the run goes on, each task is performed, none is lost")
    func restart() async throws {
        let server = try await PostgreSQLServer.start()
        try await Place.with(.postgresql, server: server) { place in
            try place.handler("WORK", "#!/bin/sh\necho $TASKRUN_TASK_ID >> \"$LOG\"\nsleep 0.05\n")
            try await place.add(200)
            let run = try place.start("once", "--drain", "--concurrency", "2")
            for count in [20, 60] {
                try await eventually("the run does not go on") { place.lines().count > count }
                try await server.restart()
            }
            let end = try await run.end()
            #expect(end.status == 0, "\(end)")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
            #expect(Set(place.lines()).count == 200)
        }
        try await server.stop()
    }

    @Test("other programs write the same SQLite file at the same time, and neither side loses a row")
    func busyNeighbour() async throws {
        try await Place.with(.sqlite) { place in
            try place.handler("WORK", "#!/bin/sh\necho $TASKRUN_TASK_ID >> \"$LOG\"\n")
            let writers = Task {
                for _ in 0..<100 { try await place.add(2) }
            }
            var performed = 0
            while performed < 200 {
                let end = try await place.run("once", "--concurrency", "2")
                #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
                performed = place.lines().count
            }
            try await writers.value
            #expect(Set(place.lines()).count == 200 && place.lines().count == 200)
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }
}
