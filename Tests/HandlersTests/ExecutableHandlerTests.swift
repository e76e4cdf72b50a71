import Foundation
import TaskRun
import Testing

@testable import Handlers

@Suite("What an executable is given, and what its end means")
struct ExecutableHandlerTests {
    @Test("the very bytes of the payload come on stdin, and stdout is the result")
    func payload() async throws {
        try await withPlace { place in
            let data = Array(#"{"with_opts ": true, "n": 12345678901234567890.10}"#.utf8) + [0xff, 0x00, 0x0a]
            let outcome = try await place.perform("cat", task(data))
            #expect(outcome == .succeeded(result: data))
        }
    }

    @Test("an empty payload is an empty stdin")
    func emptyPayload() async throws {
        try await withPlace { place in
            let outcome = try await place.perform("wc -c | tr -d ' '", task(""))
            #expect(outcome.result == "0\n")
        }
    }

    @Test("the environment is what the contract lists, and nothing else")
    func environment() async throws {
        try await withPlace { place in
            let settings = ExecutableSettings(
                run: "web1 12 34 boot 56",
                environment: [
                    "PATH": "/usr/bin:/bin", "TZ": "UTC", "SHOP": "a=b", "TASKRUN_DATABASE": "postgres://me:pw@h/d",
                ],
                privateFolder: place.path
            )
            let handler = try place.script("env", settings: settings)
            let task = task(id: 42, attempt: 3)
            let outcome = await handler.perform(
                task,
                in: .of(task, deadline: Date(timeIntervalSince1970: 1_325_376_000.9))
            )
            var lines = Set(try #require(outcome.result).split(separator: "\n").map(String.init))
            let output = try #require(lines.first { $0.hasPrefix("TASKRUN_OUTPUT=") })
            lines.remove(output)
            // Set by the shell itself.
            lines = lines.filter {
                !$0.hasPrefix("_=") && !$0.hasPrefix("PWD=") && !$0.hasPrefix("SHLVL=") && !$0.hasPrefix("OLDPWD=")
            }
            #expect(
                lines == [
                    "PATH=/usr/bin:/bin", "TZ=UTC", "SHOP=a=b", "TASKRUN_RUN=web1 12 34 boot 56", "TASKRUN_TASK_ID=42",
                    "TASKRUN_TASK_NAME=TEST", "TASKRUN_QUEUE=default", "TASKRUN_ATTEMPT=3", "TASKRUN_MAX_ATTEMPTS=20",
                    "TASKRUN_DEADLINE=2012-01-01T00:00:00Z",
                ]
            )
        }
    }

    @Test("of the run's environment only PATH, HOME, LANG, TZ and what is listed is passed on, never TASKRUN_…")
    func pickedEnvironment() {
        let all = [
            "PATH": "/bin", "HOME": "/root", "LANG": "C", "TZ": "UTC", "PGPASSWORD": "secret", "SHOP": "x",
            "TASKRUN_DATABASE": "postgres://me:pw@h/d",
        ]
        let picked = ExecutableSettings.environment(from: all, listed: ["SHOP", "MISSING", "TASKRUN_DATABASE"])
        #expect(picked == ["PATH": "/bin", "HOME": "/root", "LANG": "C", "TZ": "UTC", "SHOP": "x"])
    }

    @Test("a variable that no program can be given is left out, and the program still starts")
    func badVariables() async throws {
        try await withPlace { place in
            let settings = place.settings(environment: ["": "a", "1X": "b", "A=B": "c", "NUL": "d\0e"])
            let outcome = try await place.perform("echo fine", settings: settings)
            #expect(outcome.result == "fine\n")
        }
    }

    @Test("it begins in the folder in which the handlers folder lies, or where the settings say")
    func workingDirectory() async throws {
        try await withPlace { place in
            let real = try #require(realpath(place.path, nil).map { String(cString: $0) })
            let outcome = try await place.perform("pwd -P")
            #expect(outcome.result == "\(real)\n")
            var settings = place.settings()
            settings.workingDirectory = "/usr"
            let elsewhere = try await place.perform("pwd -P", settings: settings)
            #expect(elsewhere.result == "/usr\n")
        }
    }

    @Test("it has a session and a process group of its own, and the default signals")
    func session() async throws {
        try await withPlace { place in
            let script =
                "read -r _ _ _ _ pgrp session _ < /proc/$$/stat; echo $$ $pgrp $session; grep -E 'SigIgn|SigBlk' /proc/self/status"
            let lines = try #require(try await place.perform(script).result).split(separator: "\n")
            let numbers = lines[0].split(separator: " ")
            #expect(numbers.count == 3 && Set(numbers).count == 1)
            for line in lines.dropFirst() {
                // Signals 32 and above are the C library's own.
                let mask = try #require(line.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) })
                #expect(mask & 0x7fff_ffff == 0, "\(line)")
            }
        }
    }

    @Test(
        "the exit status decides",
        arguments: [
            ("exit 0", HandlerOutcome.succeeded()),
            ("echo no >&2; exit 1", .failed(error: "exit status 1: no")),
            ("exit 3", .failed(error: "exit status 3, nothing on stderr")),
            ("echo out; echo 'bad id' >&2; exit 65", .permanentlyFailed(error: "exit status 65: bad id")),
            ("exit 77", .permanentlyFailed(error: "exit status 77, nothing on stderr")),
            ("exit 78", .permanentlyFailed(error: "exit status 78, nothing on stderr")),
            ("echo busy >&2; exit 75", .later(note: "busy")),
            ("exit 75", .later()),
            ("kill -KILL $$", .failed(error: "killed by signal 9 (SIGKILL), nothing on stderr")),
            ("echo oh >&2; kill -SEGV $$", .failed(error: "killed by signal 11 (SIGSEGV): oh")),
            ("kill -TERM $$", .failed(error: "killed by signal 15 (SIGTERM), nothing on stderr")),
        ]
    )
    func exitStatus(script: String, expected: HandlerOutcome) async throws {
        try await withPlace { place in
            let outcome = try await place.perform(script)
            #expect(outcome == expected)
        }
    }

    @Test("retry_after and note are honoured where they make sense")
    func wishes() async throws {
        try await withPlace { place in
            let failed = try place.script(
                "echo retry_after=90s >> $TASKRUN_OUTPUT; echo note=mine >> $TASKRUN_OUTPUT; exit 4"
            )
            #expect(await failed.perform(task()) == .failed(error: "exit status 4: mine", retryAfter: .seconds(90)))
            let later = try place.script(
                "echo retry_after=2h >> $TASKRUN_OUTPUT; echo note=full >> $TASKRUN_OUTPUT; exit 75"
            )
            #expect(await later.perform(task()) == .later(after: .seconds(7_200), note: "full"))
            let killed = try place.script("echo retry_after=5 >> $TASKRUN_OUTPUT; kill -KILL $$")
            #expect(await killed.perform(task()).error?.contains("SIGKILL") == true)
        }
    }

    @Test("what TASKRUN_OUTPUT has that makes no sense goes to the log, and the task succeeds")
    func nonsense() async throws {
        try await withPlace { place in
            let said = Said()
            let handler = try place.script("printf 'progress=x\\ncolour=red\\n' > $TASKRUN_OUTPUT")
            #expect(await handler.perform(task(), said: said) == .succeeded())
            #expect(said.all.contains { $0.hasPrefix("warning") && $0.contains("colour") })
            #expect(said.all.contains { $0.hasPrefix("warning") && $0.contains("progress") })
        }
    }

    @Test("the file behind TASKRUN_OUTPUT is private, empty, and gone afterwards with its folder")
    func outputFile() async throws {
        try await withPlace { place in
            let script = "stat -c '%a %s' $TASKRUN_OUTPUT; stat -c %a $(dirname $TASKRUN_OUTPUT); echo $TASKRUN_OUTPUT"
            let lines = try #require(try await place.perform(script).result).split(separator: "\n")
            #expect(lines.prefix(2) == ["600 0", "700"])
            #expect(lines[2].hasPrefix(place.path))
            #expect(try place.names() == ["handlers"])
        }
    }

    @Test(
        "whatever a program makes of its output file, it is gone afterwards and nothing hangs",
        arguments: [
            "rm $TASKRUN_OUTPUT", "rm $TASKRUN_OUTPUT; mkdir -p $TASKRUN_OUTPUT/deep",
            "rm $TASKRUN_OUTPUT; mkfifo $TASKRUN_OUTPUT",
            "rm -r $(dirname $TASKRUN_OUTPUT)", "touch $(dirname $TASKRUN_OUTPUT)/more",
            "ln -sf /etc/passwd $TASKRUN_OUTPUT",
            "head -c 5000000 /dev/zero > $TASKRUN_OUTPUT", "exit 1", "kill -KILL $$",
        ]
    )
    func spoiltOutputFile(script: String) async throws {
        try await withPlace { place in
            let handler = try place.script(script)
            _ = await handler.perform(task())
            #expect(try place.names() == ["handlers"])
            let outcome = try await place.perform("echo again")
            #expect(outcome.result == "again\n")
        }
    }

    @Test("progress is reported while the program works")
    func progress() async throws {
        try await withPlace { place in
            let said = Said()
            let handler = try place.script(
                """
                printf 'progress=3/10\\nnote=third\\n' >> $TASKRUN_OUTPUT
                while [ ! -e go ]; do sleep 0.05; done
                """
            )
            async let outcome = handler.perform(task(), said: said)
            #expect(try await eventually { said.all.contains("progress 3/10 third") })
            try place.write("", to: "go")
            #expect(await outcome == .succeeded())
        }
    }

    @Test("progress goes on behind megabytes of it")
    func muchProgress() async throws {
        try await withPlace { place in
            let said = Said()
            let handler = try place.script(
                """
                echo note=slow >> $TASKRUN_OUTPUT
                i=1; while [ $i -le 80000 ]; do echo progress=$i/100000; i=$((i+1)); done >> $TASKRUN_OUTPUT
                while [ ! -e go ]; do sleep 0.05; done
                echo progress=100000/100000 >> $TASKRUN_OUTPUT
                """
            )
            async let outcome = handler.perform(task(), said: said)
            #expect(try await eventually { said.all.last?.hasPrefix("progress 80000/100000") == true })
            try place.write("", to: "go")
            #expect(await outcome == .succeeded())
            #expect(said.all.last == "progress 100000/100000 slow")
        }
    }

    @Test("a relative path and an extension are no trouble, and the name is as given")
    func identity() throws {
        let handler = ExecutableHandler(
            name: "A",
            path: "handlers/A.php",
            settings: ExecutableSettings(run: "r", environment: [:], privateFolder: "/tmp")
        )
        #expect(handler.name == "A" && handler.kind == .executable && handler.limits == HandlerLimits())
        #expect(handler.origin == FileManager.default.currentDirectoryPath + "/handlers/A.php")
    }
}
