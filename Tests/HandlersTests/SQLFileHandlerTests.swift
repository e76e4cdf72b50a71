import Foundation
import Synchronization
import TaskRun
import Testing

@testable import Handlers

@Suite("SQL files as handlers")
struct SQLFileHandlerTests {
    /// What the handler asked to be run.
    private final class Asked: Sendable {
        private let calls = Mutex<[(script: Script, proof: ClaimProof, timeLimit: Duration)]>([])
        var all: [(script: Script, proof: ClaimProof, timeLimit: Duration)] { calls.withLock { $0 } }
        func add(_ script: Script, _ proof: ClaimProof, _ timeLimit: Duration) {
            calls.withLock { $0.append((script, proof, timeLimit)) }
        }
    }

    private func handler(
        in place: Place,
        asked: Asked = Asked(),
        answer: @escaping @Sendable () async throws(StoreError) -> ScriptOutcome = { () throws(StoreError) in .done }
    ) throws -> SQLFileHandler {
        let file = try place.write("DELETE FROM a WHERE id = :id;\n", to: "handlers/A.sql")
        return try SQLFileHandler(name: "A", path: file) { (script, settlement, timeLimit) throws(StoreError) in
            asked.add(script, settlement.proof, timeLimit)
            return try await answer()
        }
    }

    @Test("the file's text is run with the payload's values, the claim's proof and the time that is left")
    func script() async throws {
        try await withPlace { place in
            let asked = Asked()
            let handler = try handler(in: place, asked: asked)
            let task = task(#"{"id": 34532, "with_opts ": true}"#)
            #expect(
                await handler.perform(task, in: .of(task, deadline: Date(timeIntervalSinceNow: 100)))
                    == .settled(.settled)
            )
            let call = try #require(asked.all.first)
            #expect(asked.all.count == 1 && call.proof == task.proof)
            #expect(
                call.script
                    == Script(
                        sql: "DELETE FROM a WHERE id = :id;\n",
                        values: ["id": .integer(34532), "with_opts ": .bool(true)]
                    )
            )
            #expect(call.timeLimit > .seconds(30) && call.timeLimit <= .seconds(100))
            #expect(call.script.value(named: "with_opts") == .bool(true))
        }
    }

    @Test(
        "every kind of JSON value is bound as what it is",
        arguments: [
            ("null", Script.Value.null), ("true", .bool(true)), ("false", .bool(false)), ("0", .integer(0)),
            ("1", .integer(1)),
            ("-7", .integer(-7)), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number("9223372036854775808")), ("0.1", .number("0.1")),
            ("-1.50", .number("-1.5")),
            ("12345678901234567890.0123456789", .number("12345678901234567890.0123456789")), ("\"\"", .text("")),
            ("\"34\"", .text("34")), (#""a\"b\u00e4\n\ud83d\ude00""#, .text("a\"bä\n😀")), ("[]", .text("[]")),
            ("{}", .text("{}")),
            (#"[1, 2.5, "x", null, true, {"b": 1, "a": "c/d"}]"#, .text(#"[1,2.5,"x",null,true,{"a":"c/d","b":1}]"#)),
        ]
    )
    func values(json: String, expected: Script.Value) async throws {
        try await withPlace { place in
            let asked = Asked()
            let handler = try handler(in: place, asked: asked)
            #expect(await handler.perform(task("{\"v\": \(json)}")) == .settled(.settled))
            #expect(asked.all.first?.script.values == ["v": expected])
        }
    }

    @Test(
        "data that is no JSON object is a permanent failure that does not repeat it",
        arguments: [
            Array("[1]".utf8), Array("\"secret\"".utf8), Array("34".utf8), Array("null".utf8), Array("".utf8),
            Array("secret".utf8),
            Array("{\"secret\": }".utf8), Array("{\"secret\": 1e999}".utf8), [0xff, 0xfe, 0x00],
            Array("{\"secret\": \"\u{0}\"}".utf8),
            Array(String(repeating: "[", count: 100_000).utf8),
        ]
    )
    func noObject(data: [UInt8]) async throws {
        try await withPlace { place in
            let asked = Asked()
            let handler = try handler(in: place, asked: asked)
            let outcome = await handler.perform(task(data))
            #expect(outcome.isPermanent && outcome.error?.contains("secret") == false && asked.all.isEmpty)
        }
    }

    @Test("a script that met another transaction is run again at once, and given back where that does not help")
    func conflicts() async throws {
        try await withPlace { place in
            let asked = Asked()
            let handler = try handler(in: place, asked: asked) { () throws(StoreError) in
                asked.all.count < 4 ? .undone(why: "deadlock detected", isConflict: true) : .done
            }
            #expect(await handler.perform(task()) == .settled(.settled))
            #expect(asked.all.count == 4)
            let never = Asked()
            let unlucky = try self.handler(in: place, asked: never) { () throws(StoreError) in
                .undone(why: "deadlock detected", isConflict: true)
            }
            let outcome = await unlucky.perform(task())
            #expect(outcome == .notBegun(NotBegun(.passing, "\(place.handlers)/A.sql: deadlock detected")))
            #expect(never.all.count == 10)
        }
    }

    @Test("what the server undid for a reason of its own is not run again at once, and costs no attempt")
    func undone() async throws {
        try await withPlace { place in
            let asked = Asked()
            let handler = try handler(in: place, asked: asked) { () throws(StoreError) in .undone(why: "out of memory")
            }
            #expect(await handler.perform(task()).obstacle == .passing)
            #expect(asked.all.count == 1)
        }
    }

    @Test("10 MB of data are bound")
    func large() async throws {
        try await withPlace { place in
            let asked = Asked()
            let handler = try handler(in: place, asked: asked)
            let text = String(repeating: "x", count: 10_000_000)
            #expect(await handler.perform(task("{\"v\": \"\(text)\"}")) == .settled(.settled))
            #expect(asked.all.first?.script.values == ["v": .text(text)])
            let list = "[" + String(repeating: "1,", count: 1_000_000) + "1]"
            #expect(await handler.perform(task("{\"v\": \(list)}")) == .settled(.settled))
            #expect(asked.all.last?.script.values == ["v": .text(list)])
        }
    }

    @Test(
        "what became of the script is told",
        arguments: [
            (ScriptOutcome.done, HandlerOutcome.settled(.settled)), (.leaseLost, .settled(.leaseLost)),
        ]
    )
    func settled(answer: ScriptOutcome, expected: HandlerOutcome) async throws {
        try await withPlace { place in
            let handler = try handler(in: place) { () throws(StoreError) in answer }
            #expect(await handler.perform(task()) == expected)
        }
    }

    @Test("a refused statement is a failed attempt; with an unreachable database the attempt has not begun")
    func failed() async throws {
        try await withPlace { place in
            let refused = try handler(in: place) { () throws(StoreError) in .failed(error: "no such table: a") }
            #expect(await refused.perform(task()) == .failed(error: "\(place.handlers)/A.sql: no such table: a"))
            let error = StoreError(
                .unreachable,
                subject: "cannot run a script",
                cause: "connection refused",
                advice: "Start it."
            )
            let lost = try handler(in: place) { () throws(StoreError) in throw error }
            let outcome = await lost.perform(task())
            #expect(outcome == .notBegun(NotBegun(.passing, "cannot run a script: connection refused. Start it.")))
        }
    }

    @Test("a name without a value is a permanent failure that names the nearest key")
    func missingValue() async throws {
        try await withPlace { place in
            let handler = try handler(in: place) { () throws(StoreError) in .missingValue(name: "account_id") }
            #expect(
                await handler.perform(task(#"{"acount_id": 1, "x": 2}"#))
                    == .permanentlyFailed(
                        error: "\(place.handlers)/A.sql needs :account_id, and there is no key \"account_id\" in data "
                            + "(did you mean \"acount_id\"?)."
                    )
            )
            #expect(await handler.perform(task("{}")).error?.contains("did you mean") == false)
        }
    }

    @Test("an error that comes of the cancellation is a stop")
    func cancelled() async throws {
        try await withPlace { place in
            let handler = try handler(in: place) { () throws(StoreError) in
                while !Task.isCancelled { await Task.yield() }
                throw StoreError(.other, subject: "cannot run a script", cause: "cancelled")
            }
            let attempt = Task { await handler.perform(task()) }
            attempt.cancel()
            #expect(await attempt.value == .stopped)
        }
    }

    @Test("where the time limit has passed nothing is run, and the attempt has not begun")
    func late() async throws {
        try await withPlace { place in
            let asked = Asked()
            let handler = try handler(in: place, asked: asked)
            let outcome = await handler.perform(task(), in: .of(task(), deadline: Date(timeIntervalSinceNow: -1)))
            #expect(outcome.error?.contains("time limit") == true && !outcome.isPermanent && asked.all.isEmpty)
        }
    }

    @Test("the file is read when the handler is made, without a byte order mark")
    func readOnce() async throws {
        try await withPlace { place in
            let asked = Asked()
            let handler = try handler(in: place, asked: asked)
            try FileManager.default.removeItem(atPath: handler.origin)
            #expect(await handler.perform(task()) == .settled(.settled))
            let file = try place.write("\u{FEFF}SELECT 1;", to: "handlers/B.sql")
            let marked = try SQLFileHandler(name: "B", path: file) { (script, _, _) throws(StoreError) in
                asked.add(script, ClaimProof(id: 0, number: 0), .zero)
                return .done
            }
            _ = await marked.perform(task())
            #expect(asked.all.last?.script.sql == "SELECT 1;")
        }
    }

    @Test("a file that cannot be read is refused with its reason")
    func unreadable() {
        let error = #expect(throws: SQLFileHandler.Unusable.self) {
            try SQLFileHandler(name: "A", path: "/nowhere/A.sql") { (_, _, _) throws(StoreError) in .done }
        }
        #expect(error?.found == "/nowhere/A.sql cannot be read: no such file or directory")
    }
}
