import Foundation
import Logging
import TaskRun
import Testing
import Text

@testable import Handlers

@Suite("The lines of the stream protocol")
struct StreamMessageTests {
    private func read(_ line: String) throws(StreamMessage.Fault) -> StreamMessage {
        try StreamMessage.read(Array(line.utf8))
    }

    @Test(
        "each message is understood",
        arguments: [
            (#"{"hello":1}"#, .hello(version: 1, keys: nil)),
            (#"{"hello":2,"keys":[]}"#, .hello(version: 2, keys: [])),
            (#"{"hello":1,"keys":[ "attempt", "queue","moon" ]}"#, .hello(version: 1, keys: [.attempt, .queue])),
            (#"{"task":17,"ok":true}"#, .end(task: 17, .succeeded(), isLast: false)),
            (
                #" { "ok" : true , "result" : {"a":[1, "}"]} , "task" : 9223372036854775807 } "#,
                .end(task: .max, .succeeded(result: Array(#"{"a":[1, "}"]}"#.utf8)), isLast: false)
            ),
            (#"{"task":1,"ok":true,"last":true}"#, .end(task: 1, .succeeded(), isLast: true)),
            (#"{"task":1,"error":"no\nway"}"#, .end(task: 1, .failed(error: "no\nway"), isLast: false)),
            (
                #"{"task":1,"error":"e","retry_after":1.5}"#,
                .end(task: 1, .failed(error: "e", retryAfter: .milliseconds(1500)), isLast: false)
            ),
            (
                #"{"task":1,"error":"e","retry_after":1e99}"#,
                .end(task: 1, .failed(error: "e", retryAfter: .seconds(366 * 86_400)), isLast: false)
            ),
            (#"{"task":1,"error":"e","permanent":true}"#, .end(task: 1, .permanentlyFailed(error: "e"), isLast: false)),
            (#"{"task":1,"error":"e","permanent":false}"#, .end(task: 1, .failed(error: "e"), isLast: false)),
            (
                #"{"task":1,"later":60,"note":"x"}"#,
                .end(task: 1, .later(after: .seconds(60), note: "x"), isLast: false)
            ),
            (#"{"task":1,"later":null,"note":null}"#, .end(task: 1, .later(), isLast: false)),
            (
                #"{"task":1,"ok":true,"add":[ {"task_name":"A","data":[1]}, {"task_name":"B"}]}"#,
                .end(
                    task: 1,
                    .succeeded(),
                    isLast: false,
                    followUps: [NewTask(name: "A", data: "[1]"), NewTask(name: "B")]
                )
            ),
            (
                #"{"task":1,"ok":true,"add":{"task_name":"A"}}"#,
                .end(
                    task: 1,
                    .permanentlyFailed(error: "\"add\" is not a list of tasks, and none was added"),
                    isLast: false
                )
            ),
            (#"{"task":1,"ok":true,"add":null}"#, .end(task: 1, .succeeded(), isLast: false)),
            (#"{"task":1,"error":"e","add":[7]}"#, .end(task: 1, .failed(error: "e"), isLast: false)),
            (#"{"log":"a"}"#, .log("a", level: .info)),
            (#"{"log":"a","level":"error","task":5,"new":[]}"#, .log("a", level: .error)),
        ] as [(String, StreamMessage)]
    )
    func messages(line: String, message: StreamMessage) throws {
        #expect(try read(line) == message)
    }

    @Test(
        "progress that makes no sense is no fault",
        arguments: [
            "[7,3]", "[-1,0]", "[0,0]", "\"x\"", "-1", "[1,2,3]", "[]", "null", "true", "{}", "1.5", "[\"1\",2]",
            "[[1],2]",
            "99999999999999999999",
        ]
    )
    func senselessProgress(json: String) throws {
        #expect(try read(#"{"task":1,"progress":\#(json)}"#) == .progress(task: 1, nil, note: nil))
    }

    @Test("progress is one number or two", arguments: [("3", 3, nil), ("[3]", 3, nil), ("[ 3 , 10 ]", 3, 10)])
    func progress(json: String, done: Int, total: Int?) throws {
        let progress = try #require(TaskContext.Progress(done: done, total: total))
        #expect(try read(#"{"task":1,"progress":\#(json)}"#) == .progress(task: 1, progress, note: nil))
    }

    @Test(
        "what a line does against the protocol is said",
        arguments: [
            ("", "expected an object, beginning with {, column 1"),
            ("hello", "expected an object, beginning with {, column 1"),
            ("[1]", "expected an object, beginning with {, column 1"),
            (#"{"task":17"#, "expected a comma or }, column 11"),
            (#"{"task":17}}"#, "expected nothing more after the value, column 12"),
            (#"{"task":1,"ok":true,}"#, "expected a key in double quotes, column 21"),
            (#"{"task":1,"ok":nope}"#, "expected null, column 16"),
            (#"{"task":1,"error":"a"#, "this text is not closed by a double quote, column 19"),
            (
                "{\"task\":1,\"error\":\"a\tb\"}",
                "a control character inside a text must be written as \\n, \\t or \\u00XX, column 21"
            ),
            (#"{"task":1,"error":"\x"}"#, "\\x means nothing in JSON; a backslash is written \\\\, column 20"),
            (#"{"task":1,"ok":true,"result":01}"#, "a number does not begin with 0, column 30"),
            (
                #"{"task":1,"ok":true,"result":\#(String(repeating: "[", count: 2_000))"#,
                "nested deeper than 1000 levels, column 1029"
            ),
            ("{}", "it has none of \"task\", \"log\" and \"hello\""),
            (#"{"task":1}"#, "it must have exactly one of \"ok\", \"error\", \"later\" and \"progress\""),
            (
                #"{"task":1,"ok":true,"error":"e"}"#,
                "it must have exactly one of \"ok\", \"error\", \"later\" and \"progress\""
            ),
            (#"{"task":"1","ok":true}"#, "\"task\" is not a whole number"),
            (#"{"task":1.5,"ok":true}"#, "\"task\" is not a whole number"),
            (#"{"task":1,"ok":false}"#, "\"ok\" is not true: use \"error\""),
            (#"{"task":1,"error":7}"#, "\"error\" is not a string"),
            (#"{"task":1,"error":"e","retry_after":-1}"#, "\"retry_after\" is not a number of seconds"),
            (#"{"task":1,"error":"e","retry_after":"60"}"#, "\"retry_after\" is not a number of seconds"),
            (
                #"{"task":1,"error":"e","retry_after":1,"permanent":true}"#,
                "\"permanent\" and \"retry_after\" contradict each other"
            ),
            (#"{"task":1,"later":true}"#, "\"later\" is not a number of seconds"),
            (
                #"{"task":1,"ok":true,"progress":"x"}"#,
                "it must have exactly one of \"ok\", \"error\", \"later\" and \"progress\""
            ),
            (
                #"{"log":"a","level":"loud"}"#,
                "\"level\" is not trace, debug, info, notice, warning, error or critical"
            ),
            (#"{"hello":1,"keys":"attempt"}"#, "\"keys\" is not a list of texts"),
            (#"{"hello":1,"keys":[1]}"#, "\"keys\" is not a list of texts"),
        ]
    )
    func faults(line: String, problem: String) {
        #expect(throws: StreamMessage.Fault(problem)) { try read(line) }
    }

    @Test(
        "texts are read with every escape of JSON",
        arguments: [
            (#""""#, ""), (#""a\"b\\c\/d""#, "a\"b\\c/d"), (#""\b\f\n\r\t""#, "\u{8}\u{c}\n\r\t"),
            (#""h\u00e9llo \ud83d\ude00!""#, "héllo 😀!"), (#""\ud83d.""#, "\u{FFFD}."), (#""é😀""#, "é😀"),
        ]
    )
    func texts(json: String, text: String) {
        #expect(JSONText.read(Array(json.utf8)[...]) == text)
    }

    @Test("what is written as a JSON text is read as the same text")
    func quoted() {
        let text = String((0...0x2ff).compactMap { Unicode.Scalar($0) }.map { Character($0) }) + "😀"
        var bytes: [UInt8] = []
        JSONText.append(text, to: &bytes)
        #expect(!bytes.contains { $0 < 0x20 })
        #expect(JSONText.read(bytes[...]) == text)
    }

    @Test("a task is one line, its keys in the documented order, data last and untouched but for line ends")
    func taskLine() {
        let data = "{\r\n  \"b\": 12345678901234567890.10,\n  \"a\": \"\\n ä\" }"
        let task = task(data, id: 17, name: "A \"b\"")
        let deadline = Date(timeIntervalSince1970: 1_795_273_200.9)
        let line = StreamTask(task: task, context: .of(task, deadline: deadline))
        #expect(
            String(decoding: line.line(), as: UTF8.self)
                == #"{"task":17,"attempt":1,"max_attempts":20,"deadline":1795273200,"queue":"default","name":"A \"b\"","#
                + #""data":{    "b": 12345678901234567890.10,   "a": "\n ä" }}"# + "\n"
        )
        #expect(
            String(decoding: line.line(keys: [.queue, .attempt]), as: UTF8.self)
                == #"{"task":17,"attempt":1,"queue":"default","data":{    "b": 12345678901234567890.10,   "a": "\n ä" }}"#
                + "\n"
        )
    }

    @Test("bytes are cut into lines however they come", arguments: [1, 2, 3, 5, 100])
    func splitter(size: Int) {
        var splitter = LineSplitter(limit: 6)
        var lines: [String] = []
        let bytes = Array("one\n\nthree\nabcdef\nrest".utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { part in
                splitter.append(part) { lines.append(String(decoding: $0, as: UTF8.self)) }
            }
        }
        #expect(lines == ["one", "", "three", "abcdef"])
        #expect(String(decoding: splitter.rest, as: UTF8.self) == "rest")
        #expect(!splitter.isOverlong)
        Array("!!!\nnext\n".utf8).withUnsafeBytes { part in splitter.append(part) { _ in lines.append("more") } }
        #expect(splitter.isOverlong && lines.count == 4)
    }

    @Test("pauses grow with each start that fails, and after the third tasks fail of it until the next try")
    func starts() {
        let now = ContinuousClock.now
        var pace = StreamPace()
        #expect(pace.decide(now: now) == .start)
        pace.startFailed("why", now: now)
        #expect(pace.decide(now: now) == .wait(until: now + .milliseconds(100)))
        #expect(pace.decide(now: now + .milliseconds(100)) == .start)
        pace.startFailed("why", now: now)
        #expect(pace.decide(now: now) == .wait(until: now + .milliseconds(400)))
        pace.startFailed("why not", now: now)
        #expect(pace.decide(now: now) == .refuse("why not"))
        #expect(pace.decide(now: now + .milliseconds(1600)) == .start)
        for _ in 0..<100 { pace.startFailed("why not", now: now) }
        #expect(pace.decide(now: now + .milliseconds(4999)) == .refuse("why not"))
        #expect(pace.decide(now: now + .seconds(5)) == .start)
        pace.started()
        #expect(!pace.hasGivenUp)
    }

    @Test("after one crash a new one starts at once, then ever later, until a task is answered")
    func crashes() {
        let now = ContinuousClock.now
        var pace = StreamPace()
        pace.crashed(now: now)
        #expect(pace.decide(now: now) == .start)
        pace.crashed(now: now)
        #expect(pace.decide(now: now) == .wait(until: now + .milliseconds(100)))
        for _ in 0..<100 { pace.crashed(now: now) }
        #expect(pace.decide(now: now) == .wait(until: now + .seconds(5)))
        pace.answered()
        pace.crashed(now: now + .seconds(6))
        #expect(pace.decide(now: now + .seconds(6)) == .start)
    }
}
