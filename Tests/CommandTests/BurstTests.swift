import Foundation
import TestSupport
import Testing

@Suite("A burst for runs that stay")
struct BurstTests {
    /// Leaves a mark for each task, with the number of the run; the first one waits for a mark of each of the eight runs.
    private static let handler = """
        printf '{"hello":1,"keys":[]}\\n'
        while IFS= read -r line; do
            task=${line#*:}
            task=${task%%,*}
            echo "$PPID $task" >> "$LOG"
            until [ "$all" ]; do
                [ "$(cut -d ' ' -f 1 "$LOG" | sort -u | wc -l)" -ge 8 ] && all=1 || sleep 0.01
            done
            printf '{"task":%s,"ok":true}\\n' "$task"
        done
        """

    @Test("eight runs on one PostgreSQL share it, and each task is performed once", arguments: [false, true])
    func shared(_ notifies: Bool) async throws {
        try await Scratch.working(.postgresql) { place in
            if notifies { try await place.taskrunOK("migrate", "--notify") }
            try place.handler("WORK.stream", Self.handler)
            // Each as if on a host of its own, or the next would take over from the one before.
            let runs = try (0..<8).map { number in
                let runtime = place.folder.appending(path: "runtime-\(number)").path
                return try place.setting(["TASKRUN_RUNTIME_DIRECTORY": runtime])
                    .start("once", "--linger", "--log-level", "debug")
            }
            for run in runs {
                try await eventually("it does not wait") { try run.errorsSoFar().contains("nothing is due") }
            }
            try await place.add(5000)
            try await eventually("some were left") { try await place.sql("SELECT count(*) FROM tasks") == ["0"] }
            for run in runs {
                kill(run.pid, SIGTERM)
                let end = try await run.answer()
                #expect(end.status == 0, "\(end)")
            }
            let marks = place.lines().map { $0.split(separator: " ") }
            #expect(marks.count == 5000 && Set(marks.map { $0[1] }).count == 5000)
            #expect(Set(marks.map { $0[0] }).count == 8)
        }
    }
}
