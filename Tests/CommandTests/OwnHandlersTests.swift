import Foundation
import Testing

/// The binary of the package with handlers of its own, which `make test` builds.
@Suite("Handlers of one's own, in Swift")
struct OwnHandlersTests {
    private static let binary = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: ".build/own-handlers/debug/MyTasks").path

    @Test(
        "setUp, perform and tearDown come in order, also around a failure; what is to follow follows on success only",
        arguments: Scratch.Database.allCases
    )
    func order(_ database: Scratch.Database) async throws {
        let command = """
            swift build --package-path Examples/OwnHandlers --scratch-path .build/own-handlers
            """
        try #require(FileManager.default.isExecutableFile(atPath: Self.binary), "it is not built: \(command)")
        try await Scratch.with(database) { place async throws in
            try await place.sql(
                """
                INSERT INTO tasks (task_name, data, token) VALUES
                ('REPORT', '{"for":"Ada"}', 'one'), ('REPORT', '{"for":""}', 'two'), ('REPORT', '{"to":"Bob"}', 'three')
                """
            )
            let run = try await place.other(Self.binary, "once", "--concurrency", "1")
            #expect(run.status == 0, "\(run)")
            let said = run.lines.filter { $0.hasPrefix("REPORT") || $0.hasPrefix("Hello") }
            // The hook is told beside the tasks.
            #expect(
                said.filter { !$0.contains("given up") } == [
                    "REPORT 1: folder made", "REPORT 1: written", "REPORT 1: folder removed",
                    "REPORT 2: folder made", "REPORT 2: folder removed", "Hello, Ada!",
                ],
                "\(run)"
            )
            #expect(
                said.filter { $0.contains("given up") } == [
                    "REPORT 2 is given up: for is empty: expected a name",
                    "REPORT 3 is given up: the data does not fit REPORT: \"for\" is missing",
                ],
                "\(run)"
            )
            #expect(
                try await place.sql("SELECT token, state, result FROM task_results ORDER BY task_id") == [
                    "one|COMPLETE|Dear Ada", "two|FAILED|", "three|FAILED|",
                ]
            )
            #expect(try await place.sql("SELECT id, status FROM tasks ORDER BY id") == ["2|FAILED", "3|FAILED"])
        }
    }
}
