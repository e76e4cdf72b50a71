import Foundation
import TestSupport
import Testing

/// docs/secrets.md: its snippets, and what it says of connections.
@Suite("docs/secrets.md")
struct SecretsPageTests {
    private func snippet(_ kind: String) throws -> String {
        let all = try Snippet.all(in: "docs/secrets.md").filter { $0.kind == kind }
        try #require(all.count == 1, "\(kind)")
        return all[0].text
    }

    private func shell(_ text: String, in place: Scratch) async throws -> Answer {
        let folder = URL(filePath: Scratch.binary).deletingLastPathComponent().path
        let path = "\(folder):\(place.environment["PATH"] ?? "/usr/bin:/bin")"
        return try await place.setting(["PATH": path, "HOME": place.folder.path]).other("sh", "-eu", "-c", text)
    }

    @Test("each snippet is run by a test")
    func all() throws {
        let kinds = Set(try Snippet.all(in: "docs/secrets.md").map(\.kind))
        #expect(kinds == ["pgpass", "settings", "verified", "certificates", "server"])
    }

    @Test("the password file and the settings file are used as the page writes them")
    func passwords() async throws {
        let server = try await PostgreSQLServer.start()
        try await server.psql("CREATE ROLE needs_password LOGIN SUPERUSER PASSWORD 'right'")
        try await Scratch.with(tables: false, server: server) { place async throws in
            let text = try snippet("pgpass").replacing(
                "db.internal:5432:myapp:worker",
                with: "127.0.0.1:\(server.port):postgres:needs_password"
            )
            .replacing("PASSWORD'", with: "right'")
            .replacing("worker@db.internal/myapp", with: "needs_password@127.0.0.1:\(server.port)/postgres")
            let own = place.setting(["TASKRUN_DATABASE": "", "PGPASSFILE": ""])
            // Connected, and nothing is there yet.
            let end = try await shell(text, in: own)
            #expect(end.status == 78 && end.errors.contains("migrate"), "\(end)")
            #expect(try place.mode(of: ".pgpass") == 0o600)

            try place.write(
                "database: postgres://needs_password:right@127.0.0.1:\(server.port)/postgres\n",
                to: "taskrun.yaml",
                mode: 0o644
            )
            try FileManager.default.removeItem(at: place.folder.appending(path: ".pgpass"))
            #expect(try await own.taskrun("migrate").errors.contains("may be read by others"))
            try place.write("", to: "done")
            place.mode(0o600, of: "taskrun.yaml")
            #expect(try await own.taskrun("migrate").status == 0)
            place.mode(0o644, of: "taskrun.yaml")
            let read = try await shell(try snippet("settings"), in: own)
            #expect(read.status == 0 && !(read.output + read.errors).contains("right"), "\(read)")
        }
        try await server.stop(.immediate)
    }

    @Test("with certificates made as the page says, check tells how each sslmode protects the connection")
    func connections() async throws {
        let server = try await PostgreSQLServer.start()
        try await Scratch.with(tables: false, server: server) { place async throws in
            #expect(try await shell(try snippet("certificates"), in: place).status == 0)
            #expect(try place.mode(of: "server.key") == 0o600)
            let data = server.folder.appending(path: "data").path
            let owner = try FileManager.default.attributesOfItem(atPath: data)
            for name in ["server.crt", "server.key"] {
                let target = "\(data)/\(name)"
                try FileManager.default.copyItem(atPath: place.folder.appending(path: name).path, toPath: target)
                let number = (owner[.ownerAccountID] as? NSNumber)?.intValue ?? 0
                place.give(target, to: number)
            }
            // One statement a transaction, as psql sends them.
            for statement in try snippet("server").split(separator: "\n") { try await server.psql(String(statement)) }
            try await eventually("the server does not offer TLS") { try await server.psql("SHOW ssl").contains("on") }

            // The name leads nowhere: the address of this machine stands beside it.
            let text = try snippet("verified")
                .replacing(
                    "worker@db.internal/myapp?",
                    with: "postgres@db.internal:\(server.port)/postgres?hostaddr=127.0.0.1&"
                )
                .replacing("/etc/taskrun/ca.crt", with: place.folder.appending(path: "ca.crt").path)
            let rows = try Snippet.page("docs/secrets.md").matches(of: /(?m)^\| `([^`]+)` \| (.+) \|$/).map {
                String($0.output.1)
            }
            #expect(rows.count == 5)
            for (mode, row) in [
                ("verify-full", 0), ("verify-ca", 1), ("require", 2), ("prefer", 2), ("allow", 4), ("disable", 4),
            ] {
                // With the authority's certificate libpq looks at the server's even where it need not.
                var own = text.replacing("verify-full", with: mode)
                if row > 1 { own = own.replacing(/&sslrootcert=[^']+/, with: "") }
                try await eventually("\(mode): not \(rows[row])") {
                    try await shell(own, in: place).output.contains(rows[row])
                }
            }
            for wrong in [
                text.replacing("db.internal", with: "db2.internal"), text.replacing("ca.crt", with: "server.crt"),
            ] {
                let end = try await shell(wrong, in: place)
                #expect(end.status == 78 || end.status == 69, "\(end)")
                #expect(end.output.contains("certificate"), "\(end)")
            }
            let local = place.setting(["TASKRUN_DATABASE": server.superuserURL])
            #expect(try await shell("taskrun check", in: local).output.contains(rows[4]))
        }
        try await server.stop(.immediate)
    }
}
