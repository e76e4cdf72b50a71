import Foundation
import Migrations
import Testing

/// What CONTRIBUTING.md and docs/architecture.md say of the code, against the code.
@Suite("CONTRIBUTING.md and docs/architecture.md")
struct ContributingTests {
    @Test("the next migration has the number that CONTRIBUTING names")
    func nextMigration() throws {
        let versions = Dialect.allCases.flatMap { Migration.all(for: $0).map(\.version) }
        let next = try #require(versions.max()) + 1
        let digits = String(repeating: "0", count: max(0, 3 - "\(next)".count)) + "\(next)"
        let page = try Snippet.page("CONTRIBUTING.md")
        let named = page.matches(of: /Migrations\/V(\d+)__/).map { String($0.output.1) }
        #expect(Set(named) == [digits])
    }

    @Test("each file and folder that the page on the architecture names is there")
    func files() throws {
        let page = try Snippet.page("docs/architecture.md")
        let core = ["Run/", "Decide/", "Model/", "Store/", "Handlers/", "Hooks/"]
        let stores = ["Sources/SQLiteStore/", "Sources/PostgreSQLStore/"]
        let words = page.matches(of: /`([A-Za-z]+\/[A-Za-z0-9_\/.+]*)`/).map { String($0.output.1) }
        #expect(words.count > 20)
        for word in words {
            var places = [word]
            if core.contains(where: word.hasPrefix) { places = ["Sources/TaskRun/" + word] }
            if word.hasPrefix("SQL/") { places = stores.map { $0 + word } }
            for place in places {
                let isThere = FileManager.default.fileExists(atPath: Snippet.root.appending(path: place).path)
                #expect(isThere, "\(place)")
            }
        }
    }
}
