import Foundation
import Testing

/// Commands read what they show.
@Suite struct LargeRowTests {
    /// Runs `taskrun` and says how much memory it had in use at most, in MiB.
    private func memory(_ arguments: String..., in scratch: Scratch) async throws -> (answer: Answer, peak: Int) {
        let script = """
            import resource, subprocess, sys
            status = subprocess.run(sys.argv[1:]).returncode
            print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr)
            sys.exit(status)
            """
        let words = ["python3", "-c", script, Scratch.binary] + arguments
        let answer = try await Call(words, environment: scratch.environment, folder: scratch.folder).answer()
        return (answer, try #require(answer.errors.split(separator: "\n").last.flatMap { Int($0) }))
    }

    @Test("a list of large rows takes no more memory than one of them", arguments: Scratch.Database.allCases)
    func list(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { scratch async throws in
            let data =
                database == .sqlite
                ? "json_quote(hex(zeroblob(10000000)))" : "to_json(repeat('0', 20000000))"
            for _ in 1...8 {
                try await scratch.sql("INSERT INTO tasks (task_name, data) SELECT 'LARGE', \(data)")
            }
            let plain = try await memory("list", in: scratch)
            #expect(plain.answer.status == 0 && plain.answer.output.split(separator: "\n").count == 9)
            #expect(plain.peak < 100, "\(plain.peak) MiB; the payloads have 160 MB")
            let json = try await memory("list", "--json", in: scratch)
            #expect(json.answer.status == 0)
            #expect(json.answer.output.utf8.count > 160_000_000)
        }
    }

    @Test("a cell of a table is cut, whatever it holds")
    func cells() async throws {
        try await Scratch.with { scratch async throws in
            let accents = "'a' || replace(hex(zeroblob(100000)), '00', char(769))"
            try await scratch.sql("INSERT INTO tasks (task_name, status, last_error) SELECT 'A', 'FAILED', \(accents)")
            let answer = try await scratch.taskrun("list")
            #expect(answer.status == 0)
            #expect(answer.output.utf8.count < 8_000)
        }
    }
}
