import Foundation
import TaskRun
import Testing

@Suite("Table")
struct TableConformanceTests {
    @Test(
        "a task name that is none is refused at insert",
        arguments: StoreUnderTest.allCases,
        [
            "../../bin/sh", "", ".hidden", "-rf", "a/b", "tab\t", "line\nbreak", "\u{7f}", "\u{85}",
            String(repeating: "x", count: 201),
        ]
    )
    func badName(_ kind: StoreUnderTest, _ name: String) async throws {
        try await Fixture.with(kind) { fixture in
            await #expect(throws: (any Error).self) {
                try await fixture.sql("INSERT INTO tasks (task_name) VALUES ('\(name)')")
            }
            let error = await #expect(throws: StoreError.self) { try await fixture.store.add([NewTask(name: name)]) }
            #expect(error?.code == .refused)
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test(
        "any other name of 1 to 200 characters is taken",
        arguments: StoreUnderTest.allCases,
        ["A", "séñd ☃", "a.b-c", String(repeating: "日", count: 200)]
    )
    func goodName(_ kind: StoreUnderTest, _ name: String) async throws {
        try await Fixture.with(kind) { fixture in
            let ids = try await fixture.store.add([NewTask(name: name)])
            #expect(ids == [1])
        }
    }

    @Test(
        "data that is no JSON is refused at insert",
        arguments: StoreUnderTest.allCases,
        ["nonsense", "", "{a:1}", "{\"a\":}", "[1,]"]
    )
    func badData(_ kind: StoreUnderTest, _ data: String) async throws {
        try await Fixture.with(kind) { fixture in
            await #expect(throws: (any Error).self) {
                try await fixture.sql("INSERT INTO tasks (task_name, data) VALUES ('A', '\(data)')")
            }
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test(
        "any JSON value is taken",
        arguments: StoreUnderTest.allCases,
        ["1", "null", "\"x\"", "[]", "{\"a\":{\"b\":[1,2.5e3]}}", "\"\\u0000\""]
    )
    func goodData(_ kind: StoreUnderTest, _ data: String) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(columns: "data", values: "'\(data)'")
            #expect(try await fixture.claim().first?.data == Array(data.utf8))
        }
    }

    @Test(
        "values that make no sense are refused at insert",
        arguments: StoreUnderTest.allCases,
        [
            ("status", "'RUNNING'"), ("status", "'waiting'"), ("attempts", "-1"), ("max_attempts", "0"),
            ("timeout_seconds", "0"),
            ("timeout_seconds", "-5"), ("crashes", "-1"), ("claim_no", "-1"), ("run_at", "'tomorrow-ish'"),
            ("run_at", "''"),
            ("run_at", "NULL"), ("created_at", "'never'"), ("queue", "''"), ("priority", "'high'"),
            ("priority", "2147483648"),
            ("data", "NULL"), ("status", "NULL"),
        ]
    )
    func badValues(_ kind: StoreUnderTest, _ pair: (column: String, value: String)) async throws {
        try await Fixture.with(kind) { fixture in
            await #expect(throws: (any Error).self) {
                try await fixture.sql("INSERT INTO tasks (task_name, \(pair.column)) VALUES ('A', \(pair.value))")
            }
            try await fixture.expect("SELECT count(*) FROM tasks", "0")
        }
    }

    @Test("a number is never used twice", arguments: StoreUnderTest.allCases)
    func numbers(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3)
            try await fixture.sql("DELETE FROM tasks WHERE id = 3")
            #expect(try await fixture.store.add([NewTask(name: "A")]) == [4])
        }
    }
}
