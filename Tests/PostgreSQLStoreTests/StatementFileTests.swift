import Foundation
import Migrations
import RegexBuilder
import TestSupport
import Testing

@testable import PostgreSQLStore

/// One file of a statement, read from the sources.
private struct StatementFile: CustomTestStringConvertible {
    /// A parameter as the head tells it.
    struct Parameter: Equatable {
        let name: String
        let type: String
    }

    let name: String
    let text: String

    var testDescription: String { name }

    /// The comment at the head.
    var head: String {
        text.split(separator: "\n").prefix { $0.hasPrefix("--") && !$0.hasPrefix("-- same: ") }.joined(separator: "\n")
    }
    /// The statement as it goes to the database.
    var sql: String { Statement(once: Array(text.utf8)).sql }

    /// In the order of their numbers.
    var parameters: [Parameter] {
        head.matches(of: /-- \$\d+ +(\w+) +(\S+)/.anchorsMatchLineEndings()).map {
            Parameter(name: String($0.1), type: String($0.2))
        }
    }

    /// Whether the head says that it returns tasks as the schema names them.
    var returnsAll: Bool { head.contains("-- Returns the columns of task_rows, and data.") }

    /// What the head says that it returns.
    var columns: [String] {
        let lines = head.split(separator: "\n").map { $0.dropFirst(3) }
        let told = lines.drop { !$0.hasPrefix("Returns ") }.joined(separator: " ").dropFirst("Returns ".count)
        return told.dropLast().split(separator: ", ").map(String.init)
    }

    /// A parameter's number replaced by its name, white space and comments left out: two texts are compared by it.
    func plain(_ text: some StringProtocol) -> String {
        let code = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("--") }.joined(separator: " ")
        let named = code.replacing(/\$(\d+)/) { match in
            Int(match.1).flatMap { parameters.indices.contains($0 - 1) ? ":" + parameters[$0 - 1].name : nil }
                ?? String(match.0)
        }
        return named.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// The texts between `-- same: label` and its `-- end`, by label; one may stand within another.
    var blocks: [(label: String, text: String)] {
        var (open, found): ([(label: String, lines: [Substring])], [(label: String, text: String)]) = ([], [])
        for line in text.split(separator: "\n") {
            let words = line.drop { $0 == " " }
            if words.hasPrefix("-- same: ") {
                open.append((String(words.dropFirst("-- same: ".count)), []))
            } else if words == "-- end", let block = open.popLast() {
                found.append((block.label, plain(block.lines.joined(separator: "\n"))))
                if let last = open.indices.last { open[last].lines += block.lines }
            } else if let last = open.indices.last {
                open[last].lines.append(line)
            }
        }
        #expect(open.isEmpty, "\(name): a block does not end")
        return found
    }

    static let all: [StatementFile] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/PostgreSQLStore/SQL")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap {
            $0 as? URL
        }
        return (files ?? []).filter { $0.pathExtension == "sql" }.compactMap { file in
            (try? String(contentsOf: file, encoding: .utf8)).map {
                StatementFile(name: file.deletingPathExtension().lastPathComponent, text: $0)
            }
        }.sorted { $0.name < $1.name }
    }()
}

@Suite("Each file of a statement")
struct StatementFileTests {
    @Test("is prepared by the C library as it stands")
    func library() async throws {
        #expect(StatementFile.all.count > 150)
        try await withStore { fixture in
            let address = try PostgreSQLAddress(fixture.url)
            var session = try PostgreSQLSession.open(address, setUp: .store)
            for file in StatementFile.all {
                if !session.isUsable() { session = try PostgreSQLSession.open(address, setUp: .store) }
                // With one value too many it is prepared, and then refused for that.
                let values = Array(repeating: String?.none, count: file.parameters.count + 1)
                let failure = #expect(throws: PostgreSQLFailure.self) {
                    try session.exchange([Request(Statement(file.name + "_", file.text), values)])
                }
                #expect(failure?.state == "08P01", "\(file.name): \(failure?.message ?? "")")
            }
        }
    }

    @Test("is prepared by psql as it stands, with the parameters and columns that its head tells")
    func psql() async throws {
        try await withStore { fixture in
            // PREPARE takes what has a plan; the others have neither parameters nor a result that is read by name.
            let planned = StatementFile.all.filter {
                $0.sql.contains(/^(?:-- same: \w+\n)?\(*(?:SELECT|WITH|INSERT|UPDATE|DELETE)\b/)
            }
            #expect(StatementFile.all.count - planned.count < 20)
            for file in StatementFile.all where !planned.contains(where: { $0.name == file.name }) {
                #expect(file.parameters.isEmpty, "\(file.name)")
            }
            let prepare = planned.map { "PREPARE \($0.name)_ AS \($0.text);" }.joined(separator: "\n")
            let types = """
                SELECT name, array_to_string(ARRAY(
                    SELECT typname FROM unnest(parameter_types) WITH ORDINALITY AS t (id, no) JOIN pg_type ON oid = id ORDER BY no
                ), ' ') FROM pg_prepared_statements;
                """
            let columns = StatementFile.all.map { "\\echo === \($0.name)\n\($0.text)\n\\gdesc" }.joined(separator: "\n")
            let output = try await fixture.psql([prepare, types, columns].joined(separator: "\n"))
            let parts = output.components(separatedBy: "=== ")
            let found = Dictionary(
                parts[0].split(separator: "\n").map { $0.split(separator: "|", omittingEmptySubsequences: false) }
                    .map { (String($0[0].dropLast()), $0[1].split(separator: " ").map(String.init)) },
                uniquingKeysWith: { first, _ in first }
            )
            for file in planned {
                let told = file.parameters.map { $0.type.hasSuffix("[]") ? "_" + $0.type.dropLast(2) : $0.type }
                #expect(found[file.name] == told, "\(file.name)")
            }
            #expect(parts.count == StatementFile.all.count + 1)
            let all = try await fixture.psql("SELECT *, '' AS data FROM task_rows() \\gdesc").split(separator: "\n")
                .map { String($0.prefix { $0 != "|" }) }
            for (file, part) in zip(StatementFile.all, parts.dropFirst()) {
                let lines = part.split(separator: "\n").dropFirst().filter { $0.contains("|") }
                let told = file.returnsAll ? all : file.columns
                #expect(lines.map { String($0.prefix { $0 != "|" }) } == told, "\(file.name)")
            }
        }
    }

    @Test("that shares a part with others has it word for word")
    func copies() {
        let blocks = StatementFile.all.flatMap { file in file.blocks.map { (file: file.name, block: $0) } }
        for (label, copies) in Dictionary(grouping: blocks, by: \.block.label) {
            #expect(copies.count > 1, "\(label) stands once only, in \(copies[0].file)")
            for copy in copies.dropFirst() {
                #expect(copy.block.text == copies[0].block.text, "\(label) in \(copies[0].file) and \(copy.file)")
            }
        }
        #expect(Set(blocks.map(\.block.label)).count > 30)
    }

    @Test(
        "takes the moment to go by from the program, or from the server at the begin of the statement",
        arguments: StatementFile.all
    )
    fileprivate func now(_ file: StatementFile) {
        guard file.parameters.contains(where: { $0.name == "now" }) else { return }
        let rest = file.plain(file.sql).replacing(
            /coalesce\(to_timestamp\(:now::double precision\), statement_timestamp\(\)\)/,
            with: ""
        )
        #expect(!rest.contains(":now") && !rest.contains("statement_timestamp"), "\(file.name)")
    }

    @Test("has the numbers and names that Swift goes by as well")
    func constants() {
        func expect(_ text: String, in names: String..., count: Int) {
            let files = StatementFile.all.filter { names.contains($0.name) }
            let found = files.reduce(0) { $0 + $1.plain($1.sql).matches(of: Regex { text }).count }
            #expect(found == count, "\(text) in \(names)")
        }
        expect("due_lane) >= \(LaneMemory.many)", in: "keyed", count: 1)
        expect("'\(NotifyScript.trigger)'", in: "channel", "schema_tables", count: 2)
        expect("'\(Names.setting)'", in: "names", "take_names", "session_setup", count: 4)
        expect("'\(SessionSettings.connectionCheck)'", in: "session_setup", "transaction_settings", count: 2)
    }
}
