import CPostgreSQL
import TaskRun

/// Where the database is: the user's own text, and a form of it without secrets.
struct PostgreSQLAddress: Sendable {
    /// The text for libpq: a URL or a conninfo string.
    private let text: String
    /// Host, port and database, for people: `postgresql://db1:5432/app`.
    let location: String
    /// Whether the environment (or its service file) sets how long connecting may take.
    private let hasTimeout: Bool
    /// The settings for the start of each session, in the form of the startup parameter, or nil if there are none.
    let options: String?
    /// The user's own settings, by keyword.
    private let given: [String: String]

    /// Reads a URL (`postgres://…`, `postgresql://…`) or a conninfo string (`host=db1 dbname=app`), and does not
    /// connect.
    init(_ text: String) throws(StoreError) {
        if let problem = taskrun_load_libpq() {
            throw StoreError(
                .database,
                subject: "cannot use PostgreSQL",
                cause: String(cString: problem),
                advice: "Install its client library, 14 or later: apt-get install libpq5"
            )
        }
        guard let given = Self.options(PQconninfoParse(text, nil)) else {
            // libpq's reason is left out: it can quote a part of the password.
            throw StoreError(
                .database,
                subject: "cannot read the database's address",
                cause: "it is no PostgreSQL URL that libpq understands",
                advice: "Write postgresql://user@host:5432/database; in a password, @ is %40, / is %2F and % is %25."
            )
        }
        let environment = Self.options(PQconndefaults()) ?? [:]
        self.text = text
        self.given = given
        self.options = given["options"] ?? environment["options"]
        self.location = Self.location(given, environment: environment)
        self.hasTimeout = environment["connect_timeout"] != nil
    }

    /// The parameters for libpq, in order: later ones win.
    ///
    /// The first ones are this program's defaults. Then come the user's, and then those that must not differ.
    var parameters: [(keyword: String, value: String)] { parameters(of: [("dbname", text)]) }

    /// The same without the settings for the start, or nil if there are none.
    ///
    /// It is a conninfo string: there an empty value keeps libpq from using the environment's.
    var parametersWithoutOptions: [(keyword: String, value: String)]? {
        guard options != nil else { return nil }
        let pairs = given.merging(["options": ""]) { $1 }.map { keyword, value in
            let quoted = value.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
            return "\(keyword)='\(quoted)'"
        }
        return parameters(of: [("dbname", pairs.joined(separator: " "))])
    }

    private func parameters(of given: [(String, String)]) -> [(keyword: String, value: String)] {
        var list = [
            ("fallback_application_name", "taskrun"),
            // A silent connection is given up after about a minute, not after two hours.
            ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "30000"),
        ]
        if !hasTimeout { list.append(("connect_timeout", "10")) }
        return list + given + [("client_encoding", "UTF8")]
    }

    static func location(_ given: [String: String], environment: [String: String]) -> String {
        if let service = given["service"] { return "postgresql:///?service=\(service)" }
        func option(_ name: String) -> String? { given[name] ?? environment[name] }
        let database = option("dbname") ?? option("user") ?? ""
        let hosts = (option("host") ?? option("hostaddr") ?? "").split(separator: ",").map(String.init)
        // One port is for all hosts; in a list an empty entry is the usual port.
        let ports = (option("port") ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let usual = environment["port"] ?? ""
        func port(_ number: Int) -> String {
            let port = ports.count == 1 ? ports[0] : number < ports.count ? ports[number] : ""
            return port.isEmpty ? usual : port
        }
        if let folder = hosts.first, folder.hasPrefix("/") || folder.hasPrefix("@") {
            return "postgresql:///\(database)?host=\(folder)&port=\(port(0))"
        }
        let places = hosts.enumerated().map { number, host in
            "\(host.contains(":") ? "[\(host)]" : host):\(port(number))"
        }
        return "postgresql://\(places.joined(separator: ","))/\(database)"
    }

    /// The options that have a value, by keyword, or nil if libpq made no list; frees the list.
    static func options(_ list: UnsafeMutablePointer<PQconninfoOption>?) -> [String: String]? {
        guard let list else { return nil }
        defer { PQconninfoFree(list) }
        var options: [String: String] = [:]
        var entry = list
        while let keyword = entry.pointee.keyword {
            if let value = entry.pointee.val, value.pointee != 0 {
                options[String(cString: keyword)] = String(cString: value)
            }
            entry += 1
        }
        return options
    }
}
