import Foundation
import TaskRun
import TestSupport
import Testing

@testable import Handlers

@Suite("Executables that are bad, or cannot be started")
struct ExecutableTroubleTests {
    @Test("a missing interpreter is named, and the attempt has not begun")
    func missingInterpreter() async throws {
        try await withPlace { place in
            let file = try place.write("#!/opt/nowhere/interpreter -q\n", to: "handlers/A.php", mode: 0o755)
            let outcome = await ExecutableHandler(name: "A", path: file, settings: place.settings()).perform(task())
            #expect(
                outcome
                    == .notBegun(
                        NotBegun(
                            .handler,
                            "cannot start \(file): its interpreter /opt/nowhere/interpreter is missing. "
                                + "Install it or correct the first line."
                        )
                    )
            )
        }
    }

    @Test(
        "an interpreter that env does not find is named, and the attempt has not begun",
        arguments: ["nowhere-php", "-S nowhere-php -q", "/opt/nowhere-php"]
    )
    func missingInterpreterOfEnv(_ words: String) async throws {
        try await withPlace { place in
            let file = try place.write("#!/usr/bin/env \(words)\n", to: "handlers/A.php", mode: 0o755)
            let outcome = await ExecutableHandler(name: "A", path: file, settings: place.settings()).perform(task())
            #expect(outcome.obstacle == .handler)
            #expect(outcome.error?.contains("nowhere-php") == true)
        }
    }

    @Test("a handler that does not find a command of its own has begun")
    func missingCommand() async throws {
        try await withPlace { place in
            let outcome = try await place.script("nowhere-command").perform(task())
            guard case .failed(let error, _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(error.contains("nowhere-command"))
        }
    }

    @Test("a program whose library is missing has not begun")
    func missingLibrary() async throws {
        try await withPlace { place in
            let words = ["-shared", "-fPIC", "-o", "\(place.path)/libnowhere.so", "-xc", "/dev/null"]
            try await Command(["/usr/bin/cc"] + words).run()
            try place.write("int main(void) { return 0; }\n", to: "main.c")
            let file = "\(place.handlers)/A"
            let link = ["-Wl,--no-as-needed", "-o", file, "\(place.path)/main.c", "-L\(place.path)", "-lnowhere"]
            try await Command(["/usr/bin/cc"] + link).run()
            let outcome = await ExecutableHandler(name: "A", path: file, settings: place.settings()).perform(task())
            #expect(outcome.obstacle == .handler && outcome.error?.contains("libnowhere.so") == true)
        }
    }

    @Test(
        "why a program cannot be started is said",
        arguments: [
            ("#!/bin/sh\r\nexit 0\r\n", 0o755, "carriage return"),
            ("exit 0\n", 0o755, "Begin a script with a line such as #!/bin/sh"),
            ("", 0o755, "Begin a script with a line such as #!/bin/sh"),
            ("#!/bin/sh\n", 0o644, "no run bit. chmod +x"),
            ("#!\n", 0o755, "cannot start"),
        ]
    )
    func cannotStart(text: String, mode: Int, reason: String) async throws {
        try await withPlace { place in
            let file = try place.write(text, to: "handlers/A", mode: mode)
            let outcome = await ExecutableHandler(name: "A", path: file, settings: place.settings()).perform(task())
            #expect(
                outcome.error?.contains(reason) == true && outcome.error?.contains(file) == true && !outcome.isPermanent
            )
        }
    }

    @Test("a file that vanished, a folder in its place, a missing working directory: the attempt has not begun")
    func vanished() async throws {
        try await withPlace { place in
            let handler = try place.script("exit 0")
            try FileManager.default.removeItem(atPath: handler.origin)
            let gone = await handler.perform(task())
            #expect(gone.obstacle == .handler)
            #expect(
                gone.error?.contains("no such file or directory. Has it been moved, or not been installed?") == true
            )
            try FileManager.default.createDirectory(atPath: handler.origin, withIntermediateDirectories: false)
            #expect(await handler.perform(task()).error?.contains("it is not a file any more") == true)
            var settings = place.settings()
            settings.workingDirectory = "\(place.path)/missing"
            try FileManager.default.removeItem(atPath: handler.origin)
            let elsewhere = try place.script("exit 0", settings: settings)
            let error = await elsewhere.perform(task()).error
            #expect(error?.contains("its working directory \(place.path)/missing cannot be entered") == true)
        }
    }

    @Test("a program that is being written to has not begun, and is performed once it is whole")
    func beingWritten() async throws {
        try await withPlace { place in
            let handler = try place.script("echo written")
            let writer = try FileHandle(forWritingTo: URL(fileURLWithPath: handler.origin))
            let outcome = await handler.perform(task())
            #expect(outcome == .notBegun(NotBegun(.passing, "cannot start \(handler.origin): it is being written to.")))
            try writer.close()
            // Other tests that start programs at this moment may hold the file open until they have.
            #expect(try await eventually { await handler.perform(task()).result == "written\n" })
        }
    }

    @Test("a program that ends at once without reading 10 MB of stdin is no error")
    func readsNothing() async throws {
        try await withPlace { place in
            let data = [UInt8](repeating: 0x20, count: 10_000_000)
            for start in ["", "exec <&-; sleep 0.2; ", "sleep 0.2; ", "sleep 600 & "] {
                let outcome = try await place.perform("\(start)echo done", task(data))
                #expect(outcome.result == "done\n", "\(outcome)")
            }
        }
    }

    @Test("10 MB of payload go in, and out up to the limit, while both pipes are full")
    func largePayload() async throws {
        try await withPlace { place in
            let data = (0..<10_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let settings = place.settings(resultLimit: 20_000_000)
            let copied = try await place.perform("cat", task(data), settings: settings)
            #expect(copied == .succeeded(result: data))
            let said = Said()
            let outcome = try await place.perform("head -c 3000000 /dev/zero >&2; cat", task(data), said: said)
            #expect(outcome == .succeeded(result: Array(data.prefix(1 << 20)), size: data.count))
            #expect(said.all == ["warning: 10000000 bytes on stdout: the first 1048576 are kept"])
        }
    }

    @Test("printing a gigabyte on both streams neither blocks nor fills memory")
    func gigabyte() async {
        await #expect(processExitsWith: .success) {
            try await withPlace { place in
                let script =
                    "head -c 1000000000 /dev/zero & head -c 1000000000 /dev/zero >&2; wait; echo end >&2; exit 3"
                let outcome = try await place.perform(script)
                #expect(outcome.error?.hasSuffix("end") == true)
                let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
                let peak = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
                let kilobytes = try #require(Int(peak.filter(\.isNumber)))
                #expect(kilobytes < 300_000, "the peak was \(kilobytes) kB")
            }
        }
    }

    @Test("of a long stderr the first and the last lines are kept, and they fit into last_error")
    func longErrors() async throws {
        try await withPlace { place in
            let script =
                "echo first line >&2; i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; echo the cause >&2; exit 1"
            let error = try #require(try await place.perform(script).error)
            #expect(
                error.hasPrefix("exit status 1: first line\n") && error.hasSuffix("line 2999\nthe cause"),
                "\(error)"
            )
            #expect(error.contains("\n[…]\n") && error.utf8.count < LastError.limit - 200)
            #expect(LastError.fit(error) == error)
            let binary = try #require(
                try await place.perform("head -c 100000 /dev/zero | tr '\\0' '\\377' >&2; echo the cause >&2; exit 1")
                    .error
            )
            #expect(binary.hasSuffix("the cause") && LastError.fit(binary) == binary)
        }
    }

    @Test("200 programs, eight at a time, leave no file descriptor and no process behind")
    func noLeaks() async {
        await #expect(processExitsWith: .success) {
            try await withPlace { place in
                let handler = try place.script("ls /proc/self/fd | tr '\\n' ' '; cat")
                let broken = ExecutableHandler(name: "B", path: "\(place.path)/missing", settings: place.settings())
                func open() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
                _ = await handler.perform(task("warm"))
                let before = try open()
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<208 {
                        if number >= 8 { await group.next() }
                        group.addTask {
                            // 3 is the descriptor of ls itself: none of ours is handed down.
                            #expect(await handler.perform(task("\(number)")).result == "0 1 2 3 \(number)")
                            if number % 10 == 0 { #expect(await broken.perform(task()).error != nil) }
                        }
                    }
                }
                #expect(try open() == before)
                #expect(try place.names() == ["handlers"])
                let children = try String(contentsOfFile: "/proc/self/task/\(getpid())/children", encoding: .utf8)
                #expect(children == "")
            }
        }
    }

    @Test("more programs than the limit of open files allows are failed attempts, and the others go on")
    func fewDescriptors() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = 128 + 5 * 8
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            try await withPlace { place in
                let handler = try place.script("while [ ! -e go ]; do sleep 0.05; done; echo done")
                let outcomes = try await withThrowingTaskGroup(of: HandlerOutcome.self) { group in
                    for _ in 0..<40 { group.addTask { await handler.perform(task()) } }
                    var outcomes: [HandlerOutcome] = []
                    while let outcome = try await group.next() {
                        outcomes.append(outcome)
                        if outcomes.count == 35 { try place.write("", to: "go") }
                    }
                    return outcomes
                }
                #expect(outcomes.prefix(35).allSatisfy { $0.error?.contains("limit of open files") == true })
                #expect(outcomes.suffix(5).allSatisfy { $0.result == "done\n" })
                let later = await handler.perform(task())
                #expect(later.result == "done\n")
            }
        }
    }

    @Test("a run that was started with SIGCHLD ignored still learns how programs ended")
    func ignoredChildSignal() async {
        await #expect(processExitsWith: .success) {
            signal(SIGCHLD, SIG_IGN)
            try await withPlace { place in
                let outcome = try await place.perform("exit 3")
                #expect(outcome.error == "exit status 3, nothing on stderr")
            }
        }
    }

    @Test("where the private folder is not there the attempt has not begun, and its reason is told")
    func noPrivateFolder() async throws {
        try await withPlace { place in
            let settings = ExecutableSettings(run: "r", environment: [:], privateFolder: "\(place.path)/missing")
            let outcome = try await place.perform("exit 0", settings: settings)
            #expect(outcome.obstacle == .handler)
            let words = "cannot make the file for TASKRUN_OUTPUT in the runtime directory: no such file or directory."
            #expect(outcome.error == words)
        }
    }

    @Test("a private folder that is swept while programs run is made again")
    func sweptPrivateFolder() async throws {
        try await withPlace { place in
            let settings = place.settings()
            let first = try place.script(
                "rm -r $(dirname $TASKRUN_OUTPUT); touch swept; while [ ! -e go ]; do sleep 0.02; done",
                settings: settings
            )
            async let outcome = first.perform(task())
            #expect(try await eventually { place.has("swept") })
            let file = try place.write("#!/bin/sh\ntest -f $TASKRUN_OUTPUT\n", to: "handlers/OTHER", mode: 0o755)
            #expect(
                await ExecutableHandler(name: "OTHER", path: file, settings: settings).perform(task()) == .succeeded()
            )
            try place.write("", to: "go")
            #expect(await outcome == .succeeded())
            #expect(try place.names() == ["go", "handlers", "swept"])
        }
    }

    @Test("a task that is to follow and stands behind 64 MiB of TASKRUN_OUTPUT is not passed over without a word")
    func followUpTooFarBehind() async throws {
        try await withPlace { place in
            let error = try await place.perform(
                """
                head -c 67108864 /dev/zero >> "$TASKRUN_OUTPUT"
                printf '\\nadd={"task_name":"B"}\\n' >> "$TASKRUN_OUTPUT"
                """
            ).error
            #expect(error?.hasPrefix("more than 64 MiB were written to TASKRUN_OUTPUT") == true, "\(error ?? "")")
        }
    }
}
