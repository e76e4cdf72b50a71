/// libpq's other form of an address, `host=db1 dbname=app`, as a text: what is wrong with it, and what may be shown.
struct PostgreSQLWords {
    /// Keyword and value of each pair, in order, or nil if the text is not written in this form.
    private let pairs: [(keyword: String, value: String)]?

    /// What may be shown of it.
    private static let plain: Set = ["host", "hostaddr", "port", "dbname", "user", "service", "sslmode"]

    /// Whether a text is to be read as such an address: it begins with a word, and a value behind `=`.
    static func isMeant(_ text: String) -> Bool {
        let word = text.drop(while: \.isWhitespace)
        let rest = word.drop { ("a"..."z").contains($0) || $0 == "_" }
        return rest.startIndex > word.startIndex && rest.first { !$0.isWhitespace } == "="
    }

    /// What a command for people needs besides, to find the same tables by the same kind of connection.
    private static let wanted: Set = [
        "application_name", "channel_binding", "client_encoding", "connect_timeout", "gssdelegation",
        "gssencmode", "gsslib", "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval",
        "krbsrvname", "requirepeer", "sslcertmode", "sslcompression", "load_balance_hosts", "options",
        "passfile", "require_auth", "sslcert", "sslcrl", "sslcrldir", "sslkey", "sslnegotiation", "sslrootcert",
        "sslsni", "ssl_max_protocol_version", "ssl_min_protocol_version", "target_session_attrs",
        "tcp_user_timeout",
    ]

    /// Whether a command for people may show this keyword's value: one that is known and holds no secret.
    ///
    /// An unknown one may be a misspelt `password`.
    static func isForCommands(_ keyword: String) -> Bool { plain.contains(keyword) || wanted.contains(keyword) }

    /// Reads an address, as libpq does: pairs stand apart, quoted values are in `'`, and `\\` takes a sign as it is.
    ///
    /// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE>
    init(_ text: String) {
        var rest = Substring(text).drop(while: \.isWhitespace)
        var pairs: [(String, String)] = []
        while !rest.isEmpty {
            guard let match = rest.prefixMatch(of: /([a-z_]+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)(?=\s|$)/)
            else {
                self.pairs = nil
                return
            }
            let value = match.2.hasPrefix("'") ? match.2.dropFirst().dropLast() : match.2
            pairs.append((String(match.1), String(value).replacing(/\\(.)/) { String($0.output.1) }))
            rest = rest[match.range.upperBound...].drop(while: \.isWhitespace)
        }
        self.pairs = pairs
    }

    /// What is wrong, or nil if libpq can have it.
    var fault: PostgreSQLURL.Fault? {
        let advice = "Write host=HOST port=PORT dbname=DATABASE user=USER, a value with spaces in ' '"
        guard let pairs else {
            return PostgreSQLURL.Fault(found: "it is not written as pairs of keyword=value", advice: advice)
        }
        // libpq takes a name of a database with such a sign for a whole address, and shows it.
        guard !pairs.contains(where: { $0.keyword == "dbname" && ($0.value.contains("=") || $0.value.contains("://")) })
        else {
            return PostgreSQLURL.Fault(found: "its dbname is no name of a database", advice: advice)
        }
        for port in pairs where port.keyword == "port" {
            let numbers = port.value.split(separator: ",")
            guard numbers.allSatisfy({ $0.allSatisfy(\.isASCII) && Int($0).map({ (1...65_535).contains($0) }) == true })
            else {
                return PostgreSQLURL.Fault(found: PostgreSQLURL.Fault.port.found, advice: advice)
            }
        }
        return nil
    }

    /// For people: without passwords, and without what may hold one.
    var redacted: String {
        guard fault == nil, let pairs else { return "…" }
        let shown = pairs.filter { Self.plain.contains($0.keyword) && !$0.value.isEmpty }.map(Self.written)
        return (shown + (shown.count < pairs.count ? ["…"] : [])).joined(separator: " ")
    }

    /// As it can be typed elsewhere: without passwords and unknown keywords, and empty where it cannot be read.
    var withoutSecrets: String {
        (pairs ?? []).filter { Self.isForCommands($0.keyword) }.map(Self.written).joined(separator: " ")
    }

    private static func written(_ keyword: String, _ value: String) -> String {
        let isWord = !value.isEmpty && value.allSatisfy { !$0.isWhitespace && !"'\\".contains($0) }
        let quoted = value.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
        return "\(keyword)=" + (isWord ? value : "'\(quoted)'")
    }
}
