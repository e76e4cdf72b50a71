import Foundation
import Testing

@testable import TaskRunCLI

/// The setting `ping`, against a server on this machine.
@Suite("Ping")
struct PingTests {
    /// What a request said.
    private struct Request {
        let path: String
        let run: String
        let body: String
    }

    /// A web server that notes each POST, and what it was asked.
    private struct Server {
        private static let script = """
            import http.server, json, os, sys, time
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_POST(self):
                    body = self.rfile.read(int(self.headers.get('Content-Length') or 0)).decode()
                    with open('requests', 'a') as file:
                        file.write(json.dumps([self.path, body]) + '\\n')
                    kind = self.path.split('/')[1]
                    if kind == 'hang': time.sleep(60)
                    self.send_response({'error': 500, 'moved': 302}.get(kind, 200))
                    self.send_header('Location', 'http://127.0.0.1:1/secret')
                    self.send_header('Content-Length', '0')
                    self.end_headers()
                def log_message(self, *_): pass
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
            server.daemon_threads = True
            with open('port.new', 'w') as file: file.write(str(server.server_port))
            os.rename('port.new', 'port')
            server.serve_forever()
            """

        let port: String
        private let place: Scratch
        private let call: Call

        init(_ place: Scratch) async throws {
            self.place = place
            call = try Call(["python3", "-c", Self.script], environment: place.environment, folder: place.folder)
            try await eventually("the server never began") { place.has("port") }
            port = try String(contentsOf: place.folder.appending(path: "port"), encoding: .utf8)
        }

        func requests() throws -> [Request] {
            guard place.has("requests") else { return [] }
            let text = try String(contentsOf: place.folder.appending(path: "requests"), encoding: .utf8)
            return try text.split(separator: "\n").map { line in
                let parts = try JSONDecoder().decode([String].self, from: Data(line.utf8))
                let path = parts[0].split(separator: "?", maxSplits: 1)
                return Request(path: String(path[0]), run: path.count > 1 ? String(path[1]) : "", body: parts[1])
            }
        }

        func stop() async throws {
            kill(call.pid, SIGKILL)
            _ = try await call.answer()
        }
    }

    private static func with(
        _ database: Scratch.Database = .sqlite,
        kind: String = "ok",
        _ body: (Scratch, Server) async throws -> Void
    ) async throws {
        try await Scratch.with(database) { place in
            let server = try await Server(place)
            let address = "http://127.0.0.1:\(server.port)/\(kind)/secret"
            try await body(place.setting(["TASKRUN_PING": address]), server)
            try await server.stop()
        }
    }

    /// Forgets that this host has pinged in this minute.
    private static func forget(_ place: Scratch) throws {
        let runtime = place.folder.appending(path: "runtime")
        for name in try FileManager.default.contentsOfDirectory(atPath: runtime.path) where name.hasPrefix("ping-") {
            try FileManager.default.removeItem(at: runtime.appending(path: name))
        }
    }

    @Test("a run says that it begins and how it ended, with its summary", arguments: Scratch.Database.allCases)
    func both(database: Scratch.Database) async throws {
        try await Self.with(database) { place, server in
            try place.handler("GOOD", "true")
            _ = try await place.taskrun("add", "GOOD")
            let end = try await place.taskrun("once")
            #expect(end.status == 0 && end.errors.isEmpty && end.output.isEmpty, "\(end)")
            let requests = try server.requests()
            #expect(requests.map(\.path) == ["/ok/secret/start", "/ok/secret/0"])
            #expect(Set(requests.map(\.run)).count == 1)
            #expect(requests.allSatisfy { $0.run.contains(/^rid=[0-9a-f-]{36}$/) })
            try #require(requests.count == 2)
            let summary = try JSONSerialization.jsonObject(with: Data(requests[1].body.utf8)) as? [String: Any]
            #expect(summary?["succeeded"] as? Int == 1)
        }
    }

    @Test("the exit status is sent, also that of a run that could not begin")
    func troubles() async throws {
        try await Self.with { place, server in
            try place.handler("BAD", "exit 65")
            _ = try await place.taskrun("add", "BAD")
            #expect(try await place.taskrun("once", "--fail-on-failed").status == 1)
            try Self.forget(place)
            try await place.sql("DROP TABLE task_migrations")
            let end = try await place.taskrun("once")
            #expect(end.status == 78)
            let requests = try server.requests()
            #expect(
                requests.map(\.path) == ["/ok/secret/start", "/ok/secret/1", "/ok/secret/start", "/ok/secret/78"]
            )
            #expect(requests.last?.body.contains("\"trouble\"") == true)
        }
    }

    @Test("a host pings once a minute at most")
    func seldom() {
        var moments = PingRecord.Moments("")
        let first = Date(timeIntervalSince1970: 1_800_000_020)
        var answers = [moments.takeMinute(first), moments.takeMinute(first.addingTimeInterval(39))]
        moments = PingRecord.Moments(moments.text)
        answers += [moments.takeMinute(first.addingTimeInterval(30)), moments.takeMinute(first.addingTimeInterval(40))]
        #expect(answers == [true, false, false, true])
        answers = [first, first.addingTimeInterval(60), first.addingTimeInterval(3600)].map { moments.takeHour($0) }
        #expect(answers == [true, false, true])
    }

    @Test(
        "a ping that fails is reported once an hour, without the address, and the tasks are performed",
        arguments: [
            ("hang", "no answer within 5 s"), ("moved", "redirection (302)"), ("error", "the status 500"),
        ]
    )
    func failing(kind: String, words: String) async throws {
        try await Self.with(kind: kind) { place, server in
            try place.handler("GOOD", "true")
            _ = try await place.taskrun("add", "GOOD")
            let end = try await place.taskrun("once")
            #expect(end.status == 0, "\(end)")
            #expect(end.errors.contains(words) && !end.errors.contains("secret"), "\(end)")
            #expect(end.errors.split(separator: "\n").count == 1)
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
            // curl does not follow, so the second address gets nothing.
            #expect(try server.requests().map(\.path) == ["/\(kind)/secret/start", "/\(kind)/secret/0"])
            let text = try String(contentsOf: record(place), encoding: .utf8)
            try "0 \(try #require(text.split(separator: " ").last))".write(
                to: record(place),
                atomically: true,
                encoding: .utf8
            )
            let again = try await place.taskrun("once")
            #expect(again.status == 0 && again.errors.isEmpty, "\(again)")
        }
    }

    private func record(_ place: Scratch) throws -> URL {
        let runtime = place.folder.appending(path: "runtime")
        let name = try FileManager.default.contentsOfDirectory(atPath: runtime.path).first { $0.hasPrefix("ping-") }
        return runtime.appending(path: try #require(name))
    }

    @Test("an address that is none is refused, and not shown")
    func noAddress() async throws {
        try await Scratch.with { place in
            for text in ["hc.example.com/secret", "ftp://example.com/secret", "https:///secret", "https://a b/secret"] {
                let end = try await place.setting(["TASKRUN_PING": text]).taskrun("once")
                #expect(end.status == 78 && end.errors.contains("http://") && !end.errors.contains("secret"), "\(end)")
            }
        }
    }

    @Test("check says how runs ping, and that curl is missing")
    func check() async throws {
        try await Scratch.with { place in
            let there = place.setting(["TASKRUN_PING": "https://example.com/secret"])
            let found = try await there.taskrun("check")
            #expect(found.output.contains(/✓ ping +runs say how they end, by .*curl/), "\(found)")
            #expect(!found.output.contains("secret"))
            let missing = try await there.setting(["PATH": "/nowhere"]).taskrun("check", "--json")
            let finding = try missing.objects().first { $0["subject"] as? String == "ping" }
            #expect(finding?["level"] as? String == "error")
            #expect((finding?["advice"] as? String)?.contains("Install curl") == true)
        }
    }

    @Test("addresses keep their queries")
    func addresses() throws {
        let run = try #require(UUID(uuidString: "00000000-0000-0000-0000-000000000001"))
        let text = "rid=00000000-0000-0000-0000-000000000001"
        #expect(PingAddress("https://h/a")?.text(.start, run: run) == "https://h/a/start?\(text)")
        #expect(PingAddress("https://h/a/")?.text(.end(.done), run: run) == "https://h/a/0?\(text)")
        #expect(
            PingAddress("http://h:8080/a?k=v")?.text(.end(.tryAgain), run: run) == "http://h:8080/a/75?\(text)&k=v"
        )
    }
}
