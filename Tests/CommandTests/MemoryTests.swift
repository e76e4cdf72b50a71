import Foundation
import TestSupport
import Testing

@Suite("Memory")
struct MemoryTests {
    /// Adds rows with a payload of so many bytes.
    private func add(_ count: Int, of bytes: Int, to place: Scratch) async throws {
        let isServer = place.variables["TASKRUN_DATABASE"] != nil
        let numbers =
            isServer
            ? "generate_series(1, \(count)) AS n"
            : "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < \(count)) SELECT n FROM s)"
        let data =
            isServer
            ? "('\"' || repeat('x', \(bytes)) || '\"')::json" : "'\"' || hex(zeroblob(\(bytes / 2))) || '\"'"
        try await place.sql("INSERT INTO tasks (task_name, data) SELECT 'WORK', \(data) FROM \(numbers)")
    }

    @Test(
        "of a run stays below 300 MiB where large tasks come behind small ones, and all are performed",
        arguments: Scratch.Database.allCases
    )
    func bigAfterSmall(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler("WORK", "cat > /dev/null")
            // The last one says how much memory the run has taken at most: its parent is the run.
            try place.handler(
                "PEAK",
                "cat > /dev/null; tr '\\0' ' ' < /proc/$PPID/cmdline > parent; grep VmHWM /proc/$PPID/status > peak"
            )
            try await add(300, of: 10, to: place)
            try await add(60, of: 10_000_000, to: place)
            try await place.sql("INSERT INTO tasks (task_name, priority) VALUES ('PEAK', 9)")
            let run = try await place.taskrun("once", "--drain", "--concurrency", "2")
            #expect(run.status == 0, "\(run)")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
            #expect(
                try String(contentsOf: place.folder.appending(path: "parent"), encoding: .utf8).contains("once --drain")
            )
            let text = try String(contentsOf: place.folder.appending(path: "peak"), encoding: .utf8)
            let peak = try #require(text.split(separator: " ").compactMap { Int($0) }.first)
            #expect(peak < 300 * 1024, "\(peak) kB")
        }
    }
}
