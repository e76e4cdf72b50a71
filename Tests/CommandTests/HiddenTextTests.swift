import Foundation
import Synchronization
import TaskRun
import TestSupport
import Testing
import Text

@testable import TaskRunCLI

@Suite("What could deceive the reader")
struct HiddenTextTests {
    /// Obeyed by terminals, or not to be seen.
    private static let scalars: [Unicode.Scalar] = [
        "\u{7f}", "\u{80}", "\u{85}", "\u{9b}", "\u{9d}", "\u{ad}", "\u{61c}", "\u{200b}", "\u{200e}", "\u{200f}",
        "\u{2028}", "\u{2029}",
        "\u{202a}", "\u{202e}", "\u{2060}", "\u{2063}", "\u{2066}", "\u{3164}", "\u{feff}", "\u{ffa0}", "\u{fffb}",
        "\u{e0041}",
    ]

    @Test("a hidden character is shown as one, in JSON by its number, also in a payload", arguments: scalars)
    func hidden(_ scalar: Unicode.Scalar) throws {
        let text = "a\(Character(scalar))b"
        #expect(text.visible() == "a\u{fffd}b")
        for line in [JSONValue.text(text).line, JSONValue.raw("{\"x\": \"\(text)\"}").line] {
            #expect(!line.unicodeScalars.contains { !$0.isASCII }, "\(line)")
        }
        let payload = try JSONSerialization.jsonObject(with: Data(JSONValue.raw("{\"x\":\"\(text)\"}").line.utf8))
        #expect((payload as? [String: String])?["x"].map { Array($0.unicodeScalars) } == Array(text.unicodeScalars))
    }

    @Test("what belongs together stays: emoji of several signs, keycaps, Persian")
    func together() {
        for text in ["👩‍👧", "❤️", "1️⃣", "می‌خواهم", "Ünïcødé", "日本語"] { #expect(text.visible() == text) }
        #expect("a\u{200d}b".visible() == "a\u{fffd}b")
        #expect("a\u{fe0f}".visible() == "a\u{fffd}")
        #expect("a\nb\tc".visible() == "a b c")
    }

    @Test("rows with such texts are listed without them", arguments: Scratch.Database.allCases)
    func rows(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            let bad = "x\u{9b}31m\u{7f}\u{202e}\u{200b}\n✓ all is well"
            try await place.sql(
                """
                INSERT INTO tasks (task_name, queue, data, status, last_error, lease_owner, progress_note)
                VALUES ('A\u{200b}', 'q\u{202e}', '{"x":"\u{9b}\u{7f}\u{2028}"}', 'FAILED', '\(bad)', '\(bad)', '\(bad)');
                INSERT INTO task_queues (queue, paused_until, paused_why, paused_by)
                VALUES ('q\u{202e}', '2999-01-01 00:00:00', '\(bad)', '\(bad)');
                UPDATE tasks SET status = 'PROCESSING' WHERE id = 0
                """
            )
            for command in [
                ["list"], ["list", "--json"], ["show", "1", "--json"], ["status"], ["status", "--json"],
                ["queues"],
                ["queues", "--json"], ["check"], ["once"], ["delete", "1"],
            ] {
                let answer = try await place.start(command).answer()
                let scalars = (answer.output + answer.errors).unicodeScalars
                #expect(
                    !scalars.contains { $0 != "\n" && $0.isHidden(between: "é", and: "é") },
                    "\(command): \(answer.output.debugDescription) \(answer.errors.debugDescription)"
                )
                #expect(!answer.output.contains("\n✓ all is well"), "\(command): \(answer.output.debugDescription)")
            }
            try await place.sql("INSERT INTO tasks (task_name, data) VALUES ('A', '{\"x\":\"\u{9b}\u{7f}\u{2028}\"}')")
            // What goes into a pipe is as it was added.
            let shown = try await PseudoTerminal.run(["show", "2"], at: place.setting(["NO_COLOR": "1"])).output
            #expect(shown.contains("{\"x\":\"\u{fffd}\u{fffd}\u{fffd}\"}"), "\(shown.debugDescription)")
        }
    }

    @Test("digits of other scripts make no date", arguments: ["٢٠٣٠-٠١-٠١", "2030-01-0１", "2030-01-01T1２:00"])
    func digits(_ text: String) async throws {
        #expect(MomentText.parse(text) == nil)
        try await Scratch.with { place in
            let answer = try await place.taskrun("add", "A", "--run-at", text)
            #expect(answer.status == 64 && answer.output.isEmpty, "\(answer)")
        }
    }

    @Test("the proposed cron line can be pasted, whatever the folder is called")
    func cronLine() async throws {
        try await Scratch.with { place in
            let folder = place.folder.appending(path: "my app; echo 100%")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let call = try Call([Scratch.binary, "check"], environment: place.environment, folder: folder)
            let answer = try await call.answer().output
            #expect(answer.contains("cd '\(folder.path.replacing("%", with: "\\%"))' && "), "\(answer)")
        }
    }

    @Test("of runs without records, which anybody can invent, few are looked for among all processes")
    func inventedOwners() async {
        let here = RunIdentity.ofThisProcess()
        let searched = Mutex(0)
        let processes = HostProcesses(identity: here) { _ in
            searched.withLock { $0 += 1 }
            return true
        }
        func owner(_ number: Int, user: UInt32?) -> String {
            RunIdentity(
                host: here.host,
                pid: 2_000_000_000,
                startTicks: UInt64(number),
                bootID: here.bootID,
                namespace: here.namespace,
                machine: here.machine,
                user: user
            ).text
        }
        for number in 1...5000 { _ = await processes.isDead(owner(number, user: nil)) }
        #expect(searched.withLock { $0 } == 20)
        #expect(await processes.isDead(owner(6000, user: 0)))
    }
}
