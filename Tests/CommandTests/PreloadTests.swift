import Foundation
import Testing

/// Libraries that are loaded before the program (`LD_PRELOAD`), as monitoring and memory allocators are.
@Suite struct PreloadTests {
    /// Compiles a library whose constructor moves the environment.
    private func library(in scratch: Scratch) async throws -> String {
        try scratch.write(
            """
            #include <stdlib.h>
            __attribute__((constructor)) static void move(void) {
                char name[] = "PRELOADED_00";
                for (int number = 0; number < 100; number++) {
                    name[10] = '0' + number / 10;
                    name[11] = '0' + number % 10;
                    setenv(name, "moved", 1);
                }
            }
            """,
            to: "preload.c"
        )
        let words = ["cc", "-shared", "-fPIC", "-o", "preload.so", "preload.c"]
        let answer = try await Call(words, environment: scratch.environment, folder: scratch.folder).answer()
        try #require(answer.status == 0, "\(answer.errors)")
        return scratch.folder.appending(path: "preload.so").path
    }

    @Test("where a preloaded library sets variables before main, the command line is read all the same")
    func setenv() async throws {
        try await Scratch.with { scratch async throws in
            let preloaded = scratch.setting(["LD_PRELOAD": try await library(in: scratch)])
            let added = try await preloaded.taskrun("add", "GREETING", "{\"name\":\"Ada\"}", "--queue", "")
            #expect(added.status == 65, "an empty word is one too: \(added.errors)")
            #expect(try await preloaded.taskrun("add", "GREETING", "{\"name\":\"Ada\"}").output == "1\n")
            #expect(try await scratch.sql("SELECT task_name, data FROM tasks") == ["GREETING|{\"name\":\"Ada\"}"])
            #expect(try await preloaded.taskrun("--version").status == 0)
            #expect(try await preloaded.taskrun("help", "once").output.contains("taskrun once"))
            #expect(try await preloaded.taskrun("--no-such").status == 64)
            #expect(try await preloaded.taskrun().status == 64)
        }
    }
}
