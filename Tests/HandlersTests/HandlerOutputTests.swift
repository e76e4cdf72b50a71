import TaskRun
import Testing

@testable import Handlers

@Suite("What is read from the file behind TASKRUN_OUTPUT")
struct HandlerOutputTests {
    private func parse(_ text: String, isWhole: Bool = true) -> HandlerOutput {
        HandlerOutput.parse(Array(text.utf8), isWhole: isWhole)
    }

    @Test(
        "progress is a number, or a number of a number",
        arguments: [
            ("progress=3/10", TaskContext.Progress(done: 3, total: 10)), ("progress=3", TaskContext.Progress(done: 3)),
            (" progress = 3 / 10 \r", TaskContext.Progress(done: 3, total: 10)),
            ("progress=0/1", TaskContext.Progress(done: 0, total: 1)),
        ]
    )
    func progress(text: String, expected: TaskContext.Progress?) {
        #expect(parse(text) == HandlerOutput(progress: expected))
    }

    @Test(
        "retry_after is seconds, or a number with s, m, h or d",
        arguments: [
            ("120", Duration.seconds(120)), ("90s", .seconds(90)), ("10m", .seconds(600)), ("2h", .seconds(7_200)),
            ("1d", .seconds(86_400)), ("0", .zero),
        ]
    )
    func retryAfter(text: String, expected: Duration) {
        #expect(parse("retry_after=\(text)") == HandlerOutput(retryAfter: expected))
    }

    @Test("a note is text, cut at 500 characters, without control characters")
    func note() {
        #expect(parse("note=almost there: 3=3").note == "almost there: 3=3")
        #expect(parse("note=a\u{1B}[31mb").note == "a\u{FFFD}[31mb")
        #expect(parse("note=" + String(repeating: "ü", count: 600)).note?.count == 500)
        #expect(parse("note=").note == "")
    }

    @Test("of several lines with one key the last that makes sense counts")
    func lastCounts() {
        #expect(
            parse("progress=1/3\nnote=a\nprogress=2/3\nnote=b\n")
                == HandlerOutput(progress: .init(done: 2, total: 3), note: "b")
        )
        #expect(parse("progress=1/3\nprogress=many\n").progress == .init(done: 1, total: 3))
    }

    @Test(
        "what makes no sense is ignored, and remarked without being believed",
        arguments: [
            "progress=", "progress=-1", "progress=+1", "progress=4/3", "progress=1/0", "progress=1/2/3", "progress=1.5",
            "progress=99999999999999999999", "retry_after=", "retry_after=-5", "retry_after=soon", "retry_after=1.5h",
            "retry_after=s",
            "retry_after=9223372036854775807d", "colour=red", "=", "=3", "just words", "{\"progress\": 3}",
            "\u{0}\u{1}", "PROGRESS=3",
        ]
    )
    func nonsense(line: String) {
        let output = parse(line)
        #expect(output.progress == nil && output.retryAfter == nil && output.note == nil)
        #expect(output.remarks.count == 1)
    }

    @Test("tasks that are to follow are kept as they were written, all of them, once the file is whole")
    func followUps() {
        let text = "add={\"task_name\":\"A\"}\nnote=x\n add = {}\nadd=\nadd={\"a\":\"\u{FFFD}=\"}"
        let expected = [#"{"task_name":"A"}"#, "{}", "", "{\"a\":\"\u{FFFD}=\"}"]
        #expect(parse(text).followUps.map { String(decoding: $0, as: UTF8.self) } == expected)
        #expect(parse(text).remarks.isEmpty && parse(text).note == "x")
        #expect(parse(text, isWhole: false).followUps.isEmpty)
        let far = String(repeating: "note=y\n", count: 200_000) + "progress=1/2\nadd={}\n"
        #expect(parse(far).followUps.count == 1)
        let many = String(repeating: "add={}\n", count: NewTask.mostFollowUps + 10)
        #expect(parse(many).followUps.count == NewTask.mostFollowUps + 1)
    }

    @Test("of a file of many megabytes the last word counts, and what was said first and never again")
    func long() {
        let lines = (1...400_000).map { "progress=\($0)/400000\n" }.joined()
        #expect(parse("note=a\n" + lines) == HandlerOutput(progress: .init(done: 400_000, total: 400_000), note: "a"))
        #expect(parse(lines + "retry_after=5\n").retryAfter == .seconds(5))
    }

    @Test("an empty file and blank lines say nothing")
    func empty() {
        #expect(parse("") == HandlerOutput())
        #expect(parse("\n \r\n\t\n") == HandlerOutput())
    }

    @Test("a line that is still being written is not looked at")
    func unfinishedLine() {
        #expect(
            parse("progress=1/10\nprogress=2/1", isWhole: false) == HandlerOutput(progress: .init(done: 1, total: 10))
        )
        #expect(parse("progress=2/1", isWhole: false) == HandlerOutput())
        #expect(parse("progress=2/10\n", isWhole: false) == HandlerOutput(progress: .init(done: 2, total: 10)))
    }

    @Test("bytes that are no UTF-8 and nonsense by the megabyte are survived, with few remarks")
    func garbage() {
        let output = HandlerOutput.parse([0xff, 0xfe, 0x0a] + Array("progress=1/2\n".utf8) + [0x80])
        #expect(output.progress == .init(done: 1, total: 2) && output.remarks.count == 1)
        #expect(parse(String(repeating: "nonsense\n", count: 100_000)).remarks.count == 1)
        let many = (0..<100_000).map { "nonsense\($0)=1\n" }.joined()
        #expect(parse(many).remarks.count == HandlerOutput.remarkLimit)
    }
}

@Suite("What is kept of a stream that may be endless")
struct CaptureTests {
    private func capture(_ text: String, head: Int, tail: Int, chunk: Int) -> Capture {
        var capture = Capture(headLimit: head, tailLimit: tail)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            Array(rest.prefix(chunk)).withUnsafeBytes { capture.append($0) }
            rest = rest.dropFirst(chunk)
        }
        return capture
    }

    @Test("a text within the limits is kept whole, in chunks of any size", arguments: [1, 2, 3, 7, 100])
    func whole(chunk: Int) {
        let short = capture(" 0123456789\n", head: 4, tail: 10, chunk: chunk)
        #expect(!short.isCut && short.total == 12 && short.text == "0123456789")
    }

    @Test(
        "of a longer text the first and the last bytes are kept, in chunks of any size",
        arguments: [1, 2, 3, 7, 100]
    )
    func cut(chunk: Int) {
        let long = capture("0123456789abcdefghijklmnopqrstuvwxyz", head: 4, tail: 5, chunk: chunk)
        #expect(long.isCut && long.total == 36 && long.text == "0123\n[…]\nvwxyz")
        let head = capture("0123456789", head: 4, tail: 0, chunk: chunk)
        #expect(head.isCut && head.head == Array("0123".utf8))
    }

    @Test("nothing is cut in the middle of a character, and the text never grows beyond its limits")
    func characters() {
        for length in 0..<40 {
            let kept = capture(String(repeating: "\u{1F600}", count: length), head: 10, tail: 20, chunk: 3)
            #expect(kept.text.utf8.count <= 10 + 20 + "\n[…]\n".utf8.count)
        }
        let split = capture("aü" + String(repeating: "x", count: 100), head: 3, tail: 5, chunk: 9)
        #expect(split.text == "aü\n[…]\nxxxxx")
        #expect(capture("   \n\t ", head: 3, tail: 9, chunk: 9).text == "")
    }
}
