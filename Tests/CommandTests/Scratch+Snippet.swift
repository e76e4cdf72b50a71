import Foundation
import Testing

/// Runs snippets of the pages as a user's program would.
extension Scratch {
    func call(_ words: [String]) async throws -> Answer {
        try await Call(words, environment: environment, folder: folder).answer()
    }

    /// Runs a snippet in its language, on this place's database; nil where a library for that is not here.
    func run(_ snippet: Snippet, on database: Database) async throws -> Answer? {
        let place = setting(connection)
        let isPostgreSQL = database == .postgresql
        switch snippet.kind {
        case "php":
            let name = isPostgreSQL ? "pgsql:" : "sqlite:tasks.db"
            let start =
                "<?php\n$db = new PDO('\(name)');\n$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);\n"
            try write(start + snippet.text, to: "here")
            return try await place.call(["php", "here"])
        case "python":
            let connect =
                isPostgreSQL
                ? "import psycopg\ndb = psycopg.connect()\n" : "import sqlite3\ndb = sqlite3.connect('tasks.db')\n"
            let text = isPostgreSQL ? snippet.text.replacing("?", with: "%s") : snippet.text
            try write(connect + text + "db.commit()\n", to: "here")
            // The system's own knows the system's packages.
            for python in ["python3", "/usr/bin/python3"]
            where try await call([python, "-c", isPostgreSQL ? "import psycopg" : ""]).status == 0 {
                return try await place.call([python, "here"])
            }
        default:
            let connect = isPostgreSQL ? "adapter: :postgres, conn_str: ENV['TASKRUN_DATABASE']" : "'sqlite://tasks.db'"
            try write("require 'sequel'\nrequire 'json'\nDB = Sequel.connect(\(connect))\n\(snippet.text)", to: "here")
            let library = isPostgreSQL ? "pg" : "sqlite3"
            if try await call(["ruby", "-rsequel", "-r\(library)", "-e", ""]).status == 0 {
                return try await place.call(["ruby", "here"])
            }
        }
        Issue.record("install python3-psycopg, ruby-sequel, ruby-sqlite3 and ruby-pg, as make test does")
        return nil
    }

    /// The variables by which libpq finds this place's tables.
    private var connection: [String: String] {
        guard let url = variables["TASKRUN_DATABASE"],
            let match = url.firstMatch(of: /\/\/(\w+)@\/(\w+)\?host=([^&]+)&port=(\d+)&options=(.+)$/)
        else { return [:] }
        let (_, user, database, host, port, options) = match.output
        return [
            "PGUSER": String(user), "PGDATABASE": String(database), "PGHOST": String(host), "PGPORT": String(port),
            "PGOPTIONS": String(options).removingPercentEncoding ?? "",
        ]
    }
}
