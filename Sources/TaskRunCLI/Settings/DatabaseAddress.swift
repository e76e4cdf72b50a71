import Migrations

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Where the tasks are: `sqlite:PATH`, or a `postgres://…` URL.
enum DatabaseAddress: Sendable, Equatable {
    /// An SQLite file.
    case sqlite(path: String)
    /// A PostgreSQL database, by a URL as libpq reads it.
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
        case .postgresql(let url): Self.redact(url)
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
        if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
            guard !Self.hasWordAsPort(Self.place(of: text)) else {
                let problem = "the database in \(place) cannot be read: its port is no number"
                throw ProgramError(status, problem, advice: "Write postgres://USER:PASSWORD@HOST:PORT/DATABASE")
            }
            guard !Self.hasSignInSecret(text) else {
                let problem = "the database in \(place) cannot be read: there is a / or an @ before its last @"
                let advice = "In a user or a password write @ as %40, / as %2F, ? as %3F and % as %25"
                throw ProgramError(status, problem, advice: advice)
            }
            self = .postgresql(url: text)
        } else if text.hasPrefix("sqlite:") {
            let path = Self.path(String(text.dropFirst("sqlite:".count)))
            guard !path.isEmpty, path != ":memory:" else {
                let problem = "the database in \(place) is \"\(text)\", which names no file"
                throw ProgramError(status, problem, advice: "Write sqlite:PATH, like sqlite:tasks.db")
            }
            self = .sqlite(path: PathText.join(folder, path))
        } else {
            let problem = "the database in \(place) is \"\(Self.redact(text))\", which is no address known here"
            throw ProgramError(status, problem, advice: Self.advice(for: text))
        }
    }

    /// `sqlite:///abs/path` is how other programs write `sqlite:/abs/path`.
    private static func path(_ rest: String) -> String {
        rest.hasPrefix("///") ? String(rest.dropFirst(2)) : rest
    }

    private static func advice(for text: String) -> String {
        let isFile = [".db", ".sqlite", ".sqlite3"].contains { text.hasSuffix($0) }
        if isFile, !text.contains(":") { return "Did you mean \"sqlite:\(text)\"?" }
        return "Write sqlite:PATH or postgres://USER@HOST/DATABASE"
    }

    /// A URL without what may be secret: the password, and the values behind `?`.
    ///
    /// Where it cannot be told what is what, nothing but the scheme is left.
    static func redact(_ url: String) -> String {
        guard let start = url.firstRange(of: "://")?.upperBound else {
            return url.contains { "@=?".contains($0) } ? "…" : url
        }
        let (scheme, rest) = (url[..<start], url[start...])
        let (at, question) = (rest.lastIndex(of: "@"), rest.firstIndex(of: "?"))
        if let at, let question, question < at { return scheme + "…" }
        let place = place(of: url)
        if hasWordAsPort(place) { return scheme + "…" }
        let user = at.map { rest[..<$0].prefix { $0 != ":" } + "@" } ?? ""
        return scheme + user + place + (question == nil ? "" : "?…")
    }

    /// What a URL says between user and `?`: hosts, ports and database.
    private static func place(of url: String) -> Substring {
        guard let start = url.firstRange(of: "://")?.upperBound else { return url[...] }
        let rest = url[start...]
        let place = rest.lastIndex(of: "@").map { rest[rest.index(after: $0)...] } ?? rest
        return place.prefix { $0 != "?" }
    }

    /// Whether what looks like user and password has a sign in it at which libpq takes them for something else, and shows
    /// them.
    private static func hasSignInSecret(_ url: String) -> Bool {
        guard let start = url.firstRange(of: "://")?.upperBound else { return false }
        let rest = url[start...].prefix { $0 != "?" }
        return rest.lastIndex(of: "@").map { rest[..<$0].contains { "/@".contains($0) } } ?? false
    }

    /// Whether a word stands where a port should: `user:secret` with the host forgotten looks like a host with its port.
    private static func hasWordAsPort(_ place: Substring) -> Bool {
        place.prefix { $0 != "/" }.split(separator: ",").contains { host in
            guard let colon = host.lastIndex(of: ":"), host.last != "]" else { return false }
            return host[host.index(after: colon)...].contains { !$0.isNumber }
        }
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

    /// The folder part of a path, empty where there is none.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
