import TaskRun
import Text

/// A `postgres://…` URL as a text: what is wrong with it, and what of it may be shown.
///
/// libpq takes almost any text for a host, a port or a database, and shows what it cannot use. So a URL with a missing
/// or misplaced sign is refused before libpq sees it. Nothing of it is shown: any part may be the password.
struct PostgreSQLURL {
    /// Why a URL is refused, and how to write it.
    struct Fault: Equatable {
        let found: String
        let advice: String

        static let form = Fault(
            found: "it is not written as a URL",
            advice: "Write postgres://USER:PASSWORD@HOST:PORT/DATABASE"
        )
        static let port = Fault(found: "its port is no number from 1 to 65535", advice: form.advice)
        static let sign = Fault(
            found: "there is a / or an @ before its last @",
            advice: "In a user or a password write @ as %40, / as %2F, ? as %3F and % as %25"
        )
    }

    private let scheme: Substring
    private let user: Substring?
    private let password: Substring?
    private let hosts: [Substring]
    /// Hosts, ports and database, as they were written.
    private let place: Substring
    private let query: Substring?

    /// Whether a text is to be read as such a URL.
    static func isMeant(_ text: String) -> Bool { ["postgres://", "postgresql://"].contains { text.hasPrefix($0) } }

    /// Reads a URL.
    init(_ text: String) {
        let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
        let rest = text[start...]
        let whole = rest.prefix { $0 != "?" }
        scheme = text[..<start]
        query = whole.endIndex == rest.endIndex ? nil : rest[whole.endIndex...].dropFirst()
        let at = whole.lastIndex(of: "@")
        place = at.map { whole[whole.index(after: $0)...] } ?? whole
        hosts = place.prefix { $0 != "/" }.split(separator: ",", omittingEmptySubsequences: false)
        let login = at.map { whole[..<$0] }
        user = login?.prefix { $0 != ":" }
        password = login.flatMap { login in login.firstIndex(of: ":").map { login[login.index(after: $0)...] } }
    }

    /// What is wrong, or nil if libpq can have it.
    var fault: Fault? {
        if [user, password].contains(where: { $0?.contains { "/@".contains($0) } ?? false }) { return .sign }
        for host in hosts {
            if let fault = Self.fault(ofHost: host) { return fault }
        }
        // As in `postgres:///user:password`, where host and @ are missing.
        guard !place.drop(while: { $0 != "/" }).contains(":") else { return .form }
        // As in `postgres://user:pass?word@host`, where libpq takes the password for a port.
        if user == nil, place.contains(":"), !place.contains("/"), query?.contains("@") ?? false { return .sign }
        let pairs = query?.split(separator: "&") ?? []
        return pairs.allSatisfy { $0.contains("=") } ? nil : .form
    }

    /// For people: without the password and the values behind `?`; of a faulty URL only the scheme.
    var redacted: String {
        guard fault == nil else { return "postgres://…" }
        return scheme + (user.map { $0 + "@" } ?? "") + place + (query == nil ? "" : "?…")
    }

    private static let secretKeywords = ["password", "secret", "scram_client_key"]

    /// Whether a text, a URL or libpq's `keyword=value` form, holds a password.
    static func hasSecret(_ text: String) -> Bool {
        if isMeant(text), let password = PostgreSQLURL(text).password, !password.isEmpty { return true }
        // Each run comes by here: a regular expression costs a sixth of a run with nothing to do.
        guard text.utf8.contains(UInt8(ascii: "=")) else { return false }
        let text = text.lowercased()
        return text.indices.contains { sign in
            guard text[sign] == "=" else { return false }
            let keyword = text[..<sign].trimmed
            let value = text[text.index(after: sign)...].first { !$0.isWhitespace }
            return Self.secretKeywords.contains { keyword.hasSuffix($0) } && value.map { $0 != "&" } ?? false
        }
    }

    private static func fault(ofHost text: Substring) -> Fault? {
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.lastIndex(of: "]") else { return .form }
            let address = text[..<end].dropFirst()
            guard address.allSatisfy({ $0.isHexDigit || ":.%".contains($0) }) else { return .form }
            let rest = text[end...].dropFirst()
            guard rest.isEmpty || rest.hasPrefix(":") else { return .form }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard isHost(parts.first ?? "") else { return .form }
            port = parts.count > 1 ? parts[1] : nil
        }
        // Nothing behind the colon is the usual port.
        guard let port, !port.isEmpty else { return nil }
        return port.allSatisfy(\.isASCII) && Int(port).map({ (1...65_535).contains($0) }) == true ? nil : .port
    }

    /// Whether a host is a name, an address, or a folder with the server's socket, written as `%2Frun%2Fpostgresql`.
    private static func isHost(_ text: Substring) -> Bool {
        guard let host = decoded(text) else { return false }
        if host.hasPrefix("/") || host.hasPrefix("@") { return true }
        if host.contains(":") { return host.allSatisfy { $0.isHexDigit || ":.%".contains($0) } }
        return host.allSatisfy { $0.isLetter || $0.isNumber || "-._".contains($0) }
    }

    /// A text without its percent signs, or nil if one is not followed by two digits.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count > 1, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
