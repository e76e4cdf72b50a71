import Foundation
import GRDB
import GRDBSQLite
@testable import SQLiteStore
import TaskRun
import TestSupport
import Testing

/// A statement of the SQLite store, as its file stands.
struct StatementFile: CustomTestStringConvertible {
    let name: String
    let text: String

    var testDescription: String { name }

    static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let all = files(in: package.appending(path: "Sources/SQLiteStore/SQL"))

    private static func files(in folder: URL) -> [StatementFile] {
        let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".sql") }.sorted().compactMap { name in
            let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
            return text.map { StatementFile(name: name, text: $0) }
        }
    }

    /// SQLite's own shell, which `make test` installs.
    static let shell = ["/usr/bin/sqlite3", "/usr/local/bin/sqlite3", "/opt/homebrew/bin/sqlite3"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// The comment at the head.
    var head: [Substring] { text.split(separator: "\n").prefix { $0.hasPrefix("--") } }

    /// The parameters that the head explains, with their sign.
    var explained: [String] { head.compactMap { $0.firstMatch(of: /^-- (:[a-z_]+) +\S/).map { String($0.1) } } }

    /// The parts that stand in others as well, by their labels, without white space.
    var parts: [(label: String, text: String)] {
        text.matches(of: /-- same: (\w+)\n(.*?)-- end\n/.dotMatchesNewlines()).map { match in
            (String(match.1), match.2.split(whereSeparator: \.isWhitespace).joined(separator: " "))
        }
    }
}

@Suite("The statements of the SQLite store")
struct SQLiteStatementTests {
    @Test("each file is prepared as it stands, and explains its parameters and what it returns")
    func prepared() async throws {
        try await Fixture.with(.sqlite) { fixture in
            let store = try #require(fixture.store as? SQLiteStore)
            try #require(StatementFile.all.count > 100)
            try await store.connection.writeWithoutTransaction { database in
                for file in StatementFile.all {
                    try database.execute(sql: BuiltSQL.makeLines.sql)
                    defer { try? database.execute(sql: Statements.dropLines.sql) }
                    let statement = try database.makeStatement(sql: file.text)
                    let names = SQLText.parameters(of: statement).map { ":\($0)" }
                    #expect(file.explained == names, "\(file.name)")
                    let returns = file.head.contains { $0.hasPrefix("-- Returns ") }
                    #expect(returns == (statement.columnCount > 0), "\(file.name)")
                    #expect(file.head.first?.hasPrefix("-- ") == true, "\(file.name)")
                }
            }
        }
    }

    @Test("each file is prepared as it stands by SQLite's own shell")
    func shell() async throws {
        try await Fixture.with(.sqlite) { fixture in
            let shell = try #require(StatementFile.shell)
            let path = String(fixture.store.location.dropFirst("sqlite:".count))
            let files = StatementFile.all.filter { file in
                // Functions of the store's own connections.
                file.text.firstMatch(of: /\btaskrun_\w+\(/) == nil
            }
            let script = [BuiltSQL.makeLines.sql + ";"] + files.map { "EXPLAIN \($0.text);" }
            let outcome = try await TestSupport.Command(
                [shell, "-batch", "-bail", path],
                input: script.joined(separator: "\n")
            ).outcome()
            #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        }
    }

    @Test("parts that several statements share are the same in all of them")
    func parts() {
        let parts = Dictionary(grouping: StatementFile.all.flatMap(\.parts), by: \.label)
        #expect(parts.count > 15)
        for (label, copies) in parts {
            #expect(copies.count > 1, "\(label) stands in one place")
            #expect(Set(copies.map(\.text)).count == 1, "\(label)")
        }
        for file in StatementFile.all {
            let marks = file.text.matches(of: /-- (same: |end\n)/).count
            #expect(marks == 2 * file.parts.count, "\(file.name)")
        }
    }

    @Test("each file has a name of its own and one line in Swift")
    func lines() throws {
        let swift = try String(
            contentsOf: StatementFile.package.appending(path: "Sources/SQLiteStore/Statements/Statements.swift"),
            encoding: .utf8
        )
        let used = swift.matches(of: /PackageResources\.(\w+)_sql/).map { String($0.1) }
        let names = StatementFile.all.map { String($0.name.split(separator: "/")[1].dropLast(".sql".count)) }
        #expect(used.sorted() == names.sorted())
    }

    @Test("a lease that no run can have set is the same to a limit and to the check")
    func farLease() {
        let end = RecoverRequest.longestLease + RecoverRequest.slack
        let word = "'+\(end.components.seconds) seconds'"
        #expect(Statements.quota.sql.contains(word) && Statements.farLeases.sql.contains(word))
    }
}
