import Foundation
import Testing

/// Commands that look give up after two seconds, and say so.
@Suite struct LookLimitTests {
    @Test(
        "a table that cannot be read ends a look after two seconds, with a word about it",
        arguments: [["status"], ["list"], ["batches"], ["why"], ["queues"]]
    )
    func locked(_ command: [String]) async throws {
        try await Scratch.with(.postgresql) { place in
            try await place.taskrunOK("add", "A")
            // A lock as of a long ALTER TABLE; it ends when the file is there.
            let lock = """
                BEGIN; LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE;
                \\! touch locked; while [ ! -e go ]; do sleep 0.05; done
                COMMIT;
                """
            try place.write(lock, to: "lock.sql")
            let url = try #require(place.direct)
            let other = try Call(
                ["psql", "-Xq", "-d", url, "-f", "lock.sql"],
                environment: place.environment,
                folder: place.folder
            )
            try await eventually("the table is locked") { place.has("locked") }
            let answer = try await place.start(command + ["--json"]).answer()
            try place.write("", to: "go")
            _ = try await other.answer()
            #expect(answer.status == 75, "\(answer)")
            #expect(answer.errors.contains("this took longer than 2 s"), "\(answer)")
            let object = try #require(try answer.objects().last)
            #expect(object["exit"] as? Int == 75 && object["advice"] is String)
            #expect(try await place.start(command).answer().status == 0)
        }
    }
}
