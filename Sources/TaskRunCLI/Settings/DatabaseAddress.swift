import Migrations
import Platform

/// Where the tasks are: `sqlite:PATH`, a `postgres://…` URL, or libpq's `host=… dbname=…`.
enum DatabaseAddress: Sendable, Equatable {
    /// An SQLite file.
    case sqlite(path: String)
    /// A PostgreSQL database, by a URL or keywords as libpq reads them.
    case postgresql(url: String)

    /// Which SQL its tables are written in.
    var dialect: Dialect {
        switch self {
        case .sqlite: .sqlite
        case .postgresql: .postgresql
        }
    }

    /// As it is written in the settings, password included: for programs that this one starts.
    var text: String {
        switch self {
        case .sqlite(let path): "sqlite:\(path)"
        case .postgresql(let url): url
        }
    }

    /// For people: never a password.
    var redacted: String {
        switch self {
        case .sqlite(let path): "sqlite:\(path)"
        case .postgresql(let url):
            PostgreSQLURL.isMeant(url) ? PostgreSQLURL(url).redacted : PostgreSQLWords(url).redacted
        }
    }

    /// Reads an address.
    ///
    /// - Parameters:
    ///   - text: The address as it stands in the settings.
    ///   - place: Where it stands: `--database`.
    ///   - folder: Where a relative path begins; empty for the working directory.
    ///   - status: The exit code for an address that cannot be understood.
    /// - Throws: ``ProgramError`` that shows no password.
    init(_ text: String, in place: String, relativeTo folder: String, status: ExitStatus) throws(ProgramError) {
        let isURL = PostgreSQLURL.isMeant(text)
        if isURL || PostgreSQLWords.isMeant(text) {
            if let fault = isURL ? PostgreSQLURL(text).fault : PostgreSQLWords(text).fault {
                let problem = "the database in \(place) cannot be read: \(fault.found)"
                throw ProgramError(status, problem, advice: fault.advice)
            }
            self = .postgresql(url: text)
        } else if text.hasPrefix("sqlite:") {
            let path = Self.path(String(text.dropFirst("sqlite:".count)))
            guard path.contains(where: { $0 != "/" }), path != ":memory:" else {
                let problem = "the database in \(place) names no file"
                throw ProgramError(status, problem, advice: "Write sqlite:PATH, like sqlite:tasks.db")
            }
            guard !text.hasPrefix("sqlite://") || text.hasPrefix("sqlite:///") else {
                // Two slashes begin a host, which a file has not; taken for a path it would be one in the root folder.
                let problem = "the database in \(place) has two slashes after sqlite:, which names no file"
                let name = path.drop { $0 == "/" }
                let advice =
                    "Write sqlite:\(name) for a path from this folder, or sqlite:/\(name) for one from the root folder"
                throw ProgramError(status, problem, advice: advice)
            }
            self = .sqlite(path: PathText.join(folder, path))
        } else {
            // Nothing of it is shown: a part in the wrong place may be a password.
            let problem = "the database in \(place) is not an address that taskrun knows"
            throw ProgramError(status, problem, advice: Self.advice(for: text))
        }
    }

    /// `sqlite:///abs/path` is how other programs write `sqlite:/abs/path`.
    private static func path(_ rest: String) -> String {
        rest.hasPrefix("///") ? String(rest.dropFirst(2)) : rest
    }

    private static func advice(for text: String) -> String {
        // Letters and the usual signs of a path alone: nothing that separates a password from something.
        if text.contains(/^[\p{L}0-9._\/-]+\.(db|sqlite|sqlite3)$/) { return "Did you mean \"sqlite:\(text)\"?" }
        return "Write sqlite:PATH or postgres://USER@HOST/DATABASE"
    }
}

/// Paths as texts.
enum PathText {
    /// A path as seen from a folder: absolute ones as they are; an empty folder changes nothing.
    static func join(_ folder: String, _ path: String) -> String {
        folder.isEmpty || path.hasPrefix("/") ? path : (folder.hasSuffix("/") ? folder + path : "\(folder)/\(path)")
    }

    /// A path as seen from the working directory.
    static func absolute(_ path: String) -> String { join(FileManager.default.currentDirectoryPath, path) }

    /// The file that a path leads to, as seen from the working directory; the path itself where it leads nowhere.
    static func real(_ path: String) -> String { URL(fileURLWithPath: absolute(path)).resolvingSymlinksInPath().path }

    /// The folder part of a path, empty where there is none.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
