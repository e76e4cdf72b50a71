import Foundation
import TestSupport
import Testing

@testable import TaskRunCLI

/// Names that look alike, moments that are none, numbers that are used up, addresses in other forms.
@Suite("Names, dates and numbers")
struct NamesAndNumbersTests {
    private static let composed = "CAF\u{C9}"
    private static let decomposed = "CAFE\u{301}"

    @Test("a name in other bytes has no handler, and that is said", arguments: Scratch.Database.allCases)
    func otherBytes(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            try place.handler(Self.decomposed, "exit 0")
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('\(Self.composed)')")
            for command in [["once"], ["status"], ["once", "--only", Self.composed]] {
                let answer = try await place.start(command).answer()
                let said = answer.output + answer.errors
                #expect(said.contains("looks the same and is written with other bytes"), "\(command): \(said)")
            }
            #expect(try await place.sql("SELECT status, attempts FROM tasks") == ["WAITING|0"])
        }
    }

    @Test(
        "two handlers whose names differ in their bytes alone perform each its own tasks",
        arguments: Scratch.Database.allCases
    )
    func bothForms(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            for (name, said) in [(Self.composed, "composed"), (Self.decomposed, "decomposed")] {
                try place.handler(name, "cat > /dev/null; echo \(said) >> \(place.folder.path)/said")
                try await place.sql("INSERT INTO tasks (task_name) VALUES ('\(name)'), ('\(name)')")
            }
            let status = try await place.taskrun("status", "--json").output
            #expect(status.split(separator: "\"waiting\":2").count == 3, "\(status)")
            try await place.taskrunOK("once", "--only", Self.composed)
            let said = {
                try String(contentsOf: place.folder.appending(path: "said"), encoding: .utf8).split(separator: "\n")
                    .sorted()
            }
            #expect(try said() == ["composed", "composed"])
            try await place.taskrunOK("once")
            #expect(try said() == ["composed", "composed", "decomposed", "decomposed"])
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }

    @Test(
        "two slashes behind sqlite: name no file, and none is made in the root folder",
        arguments: ["sqlite://app.db", "sqlite://data/app.db", "sqlite://"]
    )
    func twoSlashes(_ address: String) async throws {
        try await Scratch.with(tables: false) { place in
            for command in [["migrate"], ["status"], ["check"]] {
                let answer = try await place.start(["--database", address] + command).answer()
                #expect([64, 78].contains(answer.status), "\(answer)")
                let said = answer.output + answer.errors
                #expect(said.contains("names no file") && said.contains("Write sqlite:"), "\(said)")
            }
            #expect(!FileManager.default.fileExists(atPath: "/app.db"))
        }
    }

    @Test("libpq's keywords are an address as good as a URL")
    func keywords() async throws {
        try await Scratch.alone(.postgresql) { place in
            let url = try #require(place.variables["TASKRUN_DATABASE"].flatMap { URLComponents(string: $0) })
            let query = Dictionary((url.queryItems ?? []).map { ($0.name, $0.value ?? "") }) { $1 }
            let host = query["host"] ?? url.host ?? ""
            let port = query["port"] ?? url.port.map(String.init) ?? "5432"
            let words =
                "host='\(host)' port=\(port) user=\(url.user ?? "postgres") password='Top \\' Secret' dbname = \(url.path.dropFirst())"
            let own = place.setting(["TASKRUN_DATABASE": words])
            try place.handler("A", "exit 0")
            for command in [
                ["add", "A"], ["status"], ["check"], ["once"], ["migrate", "--status"],
                ["bench", "-n", "10", "--latency", "0"],
            ] {
                let answer = try await own.start(command).answer()
                #expect(answer.status == 0 || command == ["check"], "\(command): \(answer)")
                #expect(!(answer.output + answer.errors).contains("Secret"), "\(command): \(answer)")
            }
            try place.write(
                "[mine]\nhost=\(host)\nport=\(port)\ndbname=\(url.path.dropFirst())\nuser=\(url.user ?? "postgres")\n",
                to: "services"
            )
            let service = place.setting([
                "TASKRUN_DATABASE": "service=mine", "PGSERVICEFILE": place.folder.path + "/services",
            ])
            #expect(try await service.taskrun("status").status == 0)
        }
    }

    @Test(
        "of keywords that cannot be read, and of a server that cannot be reached, no secret is shown",
        arguments: [
            "host=localhost port=1 password=TopSecret dbname=x", "host=localhost port=TopSecret",
            "host=localhost password=Top Secret TopSecret",
            "password=TopSecret", "host=localhost password='TopSecret",
            "host=localhost dbname=postgres://a:TopSecret@b/c port=1",
            "host=localhost port=1 pasword=TopSecret", "postgres://localhost:1/x?pasword=TopSecret",
        ]
    )
    func secretsOfKeywords(_ address: String) async throws {
        try await Scratch.with(tables: false) { place in
            for command in [["status"], ["check"], ["once"]] {
                let answer = try await place.setting(["PGCONNECT_TIMEOUT": "2"]).start(
                    ["--database", address] + command
                ).answer()
                #expect(answer.status != 0, "\(answer)")
                #expect(!(answer.output + answer.errors).contains("TopSecret"), "\(answer)")
            }
        }
    }

    @Test(
        "what may be shown of keywords",
        arguments: [
            ("host=db1 dbname=shop user=app password=x", "host=db1 dbname=shop user=app …"),
            ("service=shop", "service=shop"), (" dbname = 'my shop' ", "dbname='my shop'"),
            ("host=a\\ b", "host='a b'"),
            ("host=db1 x", "…"),
        ]
    )
    func redacted(_ address: String, _ shown: String) {
        #expect(PostgreSQLWords(address).redacted == shown)
    }

    @Test("the first and the last moments that PostgreSQL knows are shown as they are")
    func farYears() async throws {
        try await Scratch.with(.postgresql) { place in
            let moments = [
                ("294276-12-31 23:59:59Z", "294276-12-31T23:59:59.000Z"),
                ("290001-02-03 04:05:06Z", "290001-02-03T04:05:06.000Z"),
                ("2030-01-02 03:04:05.678Z", "2030-01-02T03:04:05.678Z"),
                ("1969-12-31 23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
                ("4713-01-01 00:00:00Z BC", "-4712-01-01T00:00:00.000Z"),
            ]
            for (written, _) in moments {
                try await place.sql("INSERT INTO tasks (task_name, run_at) VALUES ('A', '\(written)')")
            }
            for (number, (_, shown)) in moments.enumerated() {
                let answer = try await place.taskrun("show", "\(number + 1)", "--json").output
                #expect(answer.contains("\"run_at\":\"\(shown)\""), "\(answer)")
            }
        }
    }

    @Test("where the numbers of rows are used up, that is said, and not that the disk is full")
    func usedUp() async throws {
        try await Scratch.with { place in
            try await place.sql("INSERT INTO tasks (task_name) VALUES ('A')")
            try await place.sql("UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'tasks'")
            let refused = try await place.start(["add", "A"]).answer()
            #expect(refused.status != 0 && refused.errors.contains("no number left"), "\(refused)")
            #expect(!refused.errors.contains("disk"), "\(refused)")
            let cure = try #require(refused.errors.firstMatch(of: /UPDATE sqlite_sequence[^;]*;/))
            try await place.sql(String(cure.output))
            #expect(try await place.taskrun("add", "A").output == "2\n")
        }
    }

    @Test(
        "a bare number and a time without a date are no moments for add either",
        arguments: ["2030", "300", "10:00", "300.5", "now"]
    )
    func momentsOfAdd(_ moment: String) async throws {
        try await Scratch.with { place in
            for flag in ["--run-at", "--expires-at"] {
                let answer = try await place.start(["add", "A", flag, moment]).answer()
                #expect(answer.status == 64, "\(answer)")
            }
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
        }
    }
}
