import Foundation
import Logging
import Testing
import Text

@testable import TaskRun

@Suite("Words")
struct WordsTests {
    @Test(
        "a misspelled name is answered with the nearest known one, a strange one with none",
        arguments: [
            ("CONTACT_EMIAL", "CONTACT_EMAIL"), ("contact_email", "CONTACT_EMAIL"),
            ("INVITATION_EMAI", "INVITATION_EMAIL"), ("QIUCK", "QUICK"), ("UQICK", "QUICK"),
            ("IMAGE", nil), ("", nil), ("ZZZZZZ", nil), ("QIUKC", nil),
        ]
    )
    func nearest(_ word: String, _ expected: String?) {
        let known = ["CONTACT_EMAIL", "INVITATION_EMAIL", "IMAGE_RESIZE", "QUICK"]
        #expect(Spelling.nearest(to: word, among: known) == expected)
    }

    @Test("an identity reads back what it wrote, and refuses anything else")
    func identity() {
        let identity = RunIdentity(host: "web 1", pid: 12, startTicks: 345, bootID: "b-o-o-t", namespace: 67)
        #expect(identity.text == "web-1 12 345 b-o-o-t 67")
        #expect(RunIdentity(text: identity.text) == identity)
        let whole = RunIdentity(
            host: "web1",
            pid: 12,
            startTicks: 345,
            bootID: "b-o-o-t",
            namespace: 67,
            machine: "c0ffee",
            user: 1000
        )
        #expect(whole.text == "web1 12 345 b-o-o-t 67 c0ffee 1000")
        #expect(RunIdentity(text: whole.text) == whole)
        #expect(RunIdentity(text: "web1 12 345 b-o-o-t 67 - 0")?.machine == nil)
        for text in [
            "h 12 34 b 5 m", "h 12 34 b 5 m x", "h 12 34 b 5  1", "", "me", "a b c d e", "h 0 1 b 2", "h 12 34 b",
            "h 12 34 b 5 6", " 12 34 b 5",
        ] {
            #expect(RunIdentity(text: text) == nil, "\(text)")
        }
        #expect(RunIdentity.describe(owner: identity.text) == "run 12 on web-1")
        #expect(RunIdentity.describe(owner: "cron.php") == "run \"cron.php\"")
        #expect(RunIdentity.describe(owner: nil) == "an unknown run")
    }

    @Test("two containers of one machine do not see each other's processes")
    func containers() {
        let one = RunIdentity(host: "a", pid: 1, startTicks: 1, bootID: "x", namespace: 1)
        #expect(one.sees(RunIdentity(host: "b", pid: 9, startTicks: 1, bootID: "x", namespace: 1)))
        #expect(!one.sees(RunIdentity(host: "a", pid: 9, startTicks: 1, bootID: "x", namespace: 2)))
        #expect(!one.sees(RunIdentity(host: "a", pid: 9, startTicks: 1, bootID: "y", namespace: 1)))
    }

    @Test("a machine has outlived the runs of its earlier boots, and no others")
    func boots() {
        func run(_ host: String = "a", boot: String, _ machine: String?) -> RunIdentity {
            RunIdentity(host: host, pid: 1, startTicks: 1, bootID: boot, namespace: 1, machine: machine, user: 0)
        }
        let now = run(boot: "y", "m")
        #expect(now.outlived(run(boot: "x", "m")))
        #expect(!now.outlived(run(boot: "y", "m")))
        #expect(!now.outlived(run(boot: "x", "n")))
        #expect(!now.outlived(run("b", boot: "x", "m")))
        #expect(!now.outlived(run(boot: "x", nil)))
        #expect(!run(boot: "y", nil).outlived(run(boot: "x", nil)))
    }

    @Test("a text of exactly the limit is kept whole, a longer one is cut at a scalar's end")
    func lastError() {
        let whole = String(repeating: "x", count: LastError.limit)
        #expect(LastError.fit(whole) == whole)
        for text in [whole + "x", String(repeating: "é", count: 5000), String(repeating: "👩‍👩‍👧", count: 600)] {
            let cut = LastError.fit(text)
            #expect(cut.utf8.count <= LastError.limit && cut.utf8.count > LastError.limit - 40)
            #expect(cut.hasSuffix(" …") && text.utf8.starts(with: cut.dropLast(2).utf8))
        }
    }

    @Test(
        "progress that makes no sense is ignored",
        arguments: [(7, 3, false), (-1, 0, false), (0, 0, false), (3, 10, true), (3, nil, true)]
    )
    func progress(_ done: Int, _ total: Int?, _ makesSense: Bool) {
        #expect((TaskContext.Progress(done: done, total: total) != nil) == makesSense)
    }

    @Test("a script's value is found by its key, or by the only key that differs in white space at its ends")
    func scriptValues() {
        let values: [String: Script.Value] = ["id": .integer(1), "with_opts ": .bool(true), " x": .null, "x ": .null]
        let script = Script(sql: "", values: values)
        #expect(script.value(named: "id") == .integer(1))
        #expect(script.value(named: "with_opts") == .bool(true))
        #expect(script.value(named: "x") == nil)
        #expect(script.value(named: "with") == nil)
    }

    @Test(
        "what a Swift handler throws becomes its outcome",
        arguments: [
            (#"{"name":"x"}"#, HandlerOutcome.succeeded()),
            (#"{"name":"x","mood":"permanent"}"#, .permanentlyFailed(error: "never")),
            (#"{"name":"x","mood":"later"}"#, .later(after: .seconds(5), note: "not yet")),
            (#"{"name":"x","mood":"after"}"#, .failed(error: "slow down", retryAfter: .seconds(7))),
            (#"{"name":"x","mood":"cancelled"}"#, .stopped),
            (#"{"nam":"x"}"#, .permanentlyFailed(error: #"the data does not fit GREETING: "name" is missing"#)),
            (#"{"name":null}"#, .permanentlyFailed(error: #"the data does not fit GREETING: "name" is null"#)),
            (#"{"name":7}"#, .permanentlyFailed(error: #"the data does not fit GREETING: "name" is no String"#)),
        ]
    )
    func swiftHandler(_ data: String, _ expected: HandlerOutcome) async {
        let task = ClaimedTask(
            proof: ClaimProof(id: 1, number: 1),
            name: "GREETING",
            queue: "default",
            data: Array(data.utf8),
            attempt: 1,
            maxAttempts: nil,
            timeout: nil,
            crashes: 0
        )
        let context = TaskContext(task: task, maxAttempts: 20, deadline: .distantFuture, logger: Logger(label: "test"))
        #expect(await SwiftHandler(Greeting()).perform(task, in: context) == expected)
    }

    @Test("an error says what failed, on what, why, and what to do")
    func errors() {
        let error = StoreError(
            .locked,
            subject: "cannot claim tasks in sqlite:x.db",
            cause: "database is locked (SQLite 5)",
            advice: "Wait."
        )
        #expect("\(error)" == "cannot claim tasks in sqlite:x.db: database is locked (SQLite 5). Wait.")
        #expect(error.isPassing)
    }
}
