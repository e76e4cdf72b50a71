import Foundation
import Testing

/// `taskrun batches`, and what `show` says of a task that waits for one.
@Suite struct BatchesTests {
    @Test("says what is left and what waits for it", arguments: Scratch.Database.allCases)
    func table(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            #expect(try await place.taskrun("batches").output == "No batches.\n")
            try place.handler("LINE", "exit 0")
            for batch in ["import-7", "import-7", "import-8"] {
                try await place.taskrunOK("add", "LINE", "--batch", batch)
            }
            try await place.taskrunOK("add", "REPORT", "--after-batch", "import-7")
            let lines = try await place.taskrun("batches").lines
            try #require(lines.count == 3)
            #expect(lines[0].hasPrefix("batch"), "\(lines)")
            #expect(lines[1].contains(#/^import-7 +2 +0 +2 .* 4 REPORT/#), "\(lines)")
            #expect(lines[2].contains(#/^import-8 +1 +0 /#), "\(lines)")
            let show = try await place.taskrun("show", "4").output
            #expect(show.contains("after_batch       import-7, 2 left\n"), "\(show)")
            #expect(show.contains("of which 2 tasks are left"))
            try await place.taskrunOK("once", "--limit", "1")
            let object = try #require(try await place.taskrun("batches", "import-7", "--json").objects().first)
            #expect(object["left"] as? Int == 1 && object["complete"] as? Int == 1 && object["total"] as? Int == 2)
            #expect((object["follower"] as? [String: Any])?["task_name"] as? String == "REPORT")
            #expect(object["longest"] is NSNull)
        }
    }

    @Test("a batch that is not there is an error that says what that means")
    func none() async throws {
        try await Scratch.with { place in
            let answer = try await place.taskrun("batches", "nothing")
            #expect(answer.status == 1 && answer.errors.contains("there is no batch \"nothing\" in sqlite:tasks.db"))
            #expect(try await place.taskrun("batches", "").status == 64)
            #expect(try await place.taskrun("batches", "--limit", "0").status == 64)
        }
    }
}
