import Foundation
import Testing

/// One fenced block of a page, with the mark above it that says how it is run.
struct Snippet: Sendable {
    /// The heading it stands under.
    let heading: String
    /// `run`, or `there` for what is another program's.
    let mark: String
    /// What it is run with, or what it is: `php`, `handler`.
    let kind: String
    /// What else the mark says: a file's name.
    let argument: String
    let text: String

    /// The project's folder.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A page's text.
    static func page(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// All of a page's snippets; one without a mark is refused.
    static func all(in page: String) throws -> [Snippet] {
        let text = try Self.page(page)
        return try text.matches(of: /(?m)^(?:<!-- (run|there): (\w+) ?(.*?) -->\n)?```\w+\n((?s).*?)^```$/).map {
            block in
            let (_, mark, kind, argument, body) = block.output
            let headings = text[..<block.range.lowerBound].matches(of: /(?m)^#+ (.*)$/)
            return Snippet(
                heading: String(headings.last?.output.1 ?? ""),
                mark: String(try #require(mark, "no mark above: \(body.prefix(60))")),
                kind: String(kind ?? ""),
                argument: String(argument ?? ""),
                text: String(body)
            )
        }
    }
}
