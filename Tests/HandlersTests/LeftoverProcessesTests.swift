import Foundation
import Testing

@testable import Handlers

@Suite("Processes that a dead run left behind")
struct LeftoverProcessesTests {
    /// Starts `sleep` below a shell in a session of its own, as a run would, and returns their numbers.
    private func start(run: String, in place: Place, script: String? = nil) async throws -> [Int32] {
        let name = UUID().uuidString
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
        shell.arguments = ["sh", "-c", script ?? "sleep 600 & echo $$ $! > \(name); wait"]
        shell.currentDirectoryURL = URL(fileURLWithPath: place.path)
        shell.environment = ["PATH": "/usr/bin:/bin", "TASKRUN_RUN": run, "NAME": name]
        try shell.run()
        #expect(try await eventually { place.text(of: name)?.hasSuffix("\n") == true })
        return try #require(place.text(of: name)).split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
    }

    @Test("processes and their children are ended, and those of other runs are left alone")
    func ends() async throws {
        try await withPlace { place in
            let run = "web1 12 345 \(UUID().uuidString) 678"
            let ours = try await start(run: run, in: place) + start(run: run, in: place)
            let others = try await start(run: run + "9", in: place)
            let result = await LeftoverProcesses.end(startedBy: run)
            #expect(result == LeftoverProcesses.Result(ended: 4, areLeft: false))
            // One that is just going has no environment any more; on a busy machine it takes a moment.
            #expect(ours.count == 4)
            #expect(try await eventually { !ours.contains(where: isAlive) })
            #expect(others.count == 2 && others.allSatisfy(isAlive))
            #expect(await LeftoverProcesses.end(startedBy: run + "9").ended == 2)
            #expect(try await eventually { !others.contains(where: isAlive) })
        }
    }

    @Test("a grandchild without the entry is ended with its group, one that ignores signals as well")
    func group() async throws {
        try await withPlace { place in
            let run = UUID().uuidString
            let script =
                "trap '' TERM INT HUP; env -u TASKRUN_RUN sleep 600 & echo $$ $! > $NAME; while :; do sleep 1; done"
            let processes = try await start(run: run, in: place, script: script)
            let result = await LeftoverProcesses.end(startedBy: run)
            #expect(!result.areLeft && result.ended >= 1)
            #expect(try await eventually { !processes.contains(where: isAlive) })
        }
    }

    @Test("a process that left the group is found by its entry")
    func escaped() async throws {
        try await withPlace { place in
            let run = UUID().uuidString
            let script = "setsid sh -c 'echo $$ > $NAME; exec sleep 600' & sleep 600"
            let processes = try await start(run: run, in: place, script: script)
            // The shell may not have come to its own `sleep` yet.
            #expect(try await eventually { LeftoverProcesses.processes(startedBy: run).count == 3 })
            let result = await LeftoverProcesses.end(startedBy: run)
            #expect(result.ended == 3 && !result.areLeft)
            #expect(try await eventually { !processes.contains(where: isAlive) })
        }
    }

    @Test("where there is nothing to end, that is said at once")
    func nothing() async {
        #expect(await LeftoverProcesses.end(startedBy: UUID().uuidString) == .init(ended: 0, areLeft: false))
    }

    @Test("neither this process nor its group is ended, even where that run started it")
    func neverOurselves() async {
        await #expect(processExitsWith: .success) {
            setsid()
            setenv("TASKRUN_RUN", "our own", 1)
            // The environment a process shows is the one it was started with: a child of ours has the entry, in our group.
            let child = Process()
            child.executableURL = URL(fileURLWithPath: "/bin/sleep")
            child.arguments = ["600"]
            try child.run()
            try #require(
                await eventually { LeftoverProcesses.processes(startedBy: "our own") == [child.processIdentifier] }
            )
            let result = await LeftoverProcesses.end(startedBy: "our own")
            #expect(result == .init(ended: 1, areLeft: false))
            child.waitUntilExit()
            #expect(child.terminationReason == .uncaughtSignal)
        }
    }

    @Test("an executable gets the entry by which it is found")
    func marked() async throws {
        try await withPlace { place in
            let run = "web1 12 345 \(UUID().uuidString) 678"
            let handler = try place.script("touch begun; sleep 600", settings: place.settings(run: run))
            async let outcome = handler.perform(task())
            #expect(try await eventually { place.has("begun") })
            #expect(try await eventually { LeftoverProcesses.processes(startedBy: run).count == 2 })
            #expect(await LeftoverProcesses.end(startedBy: run).areLeft == false)
            #expect(await outcome.error?.hasPrefix("killed by signal 9 (SIGKILL)") == true)
        }
    }

    @Test("only the exact entry counts")
    func entries() {
        func contains(_ environ: String) -> Bool {
            LeftoverProcesses.contains(Array(environ.utf8), entries: ["TASKRUN_RUN=a b 1"])
        }
        #expect(contains("TASKRUN_RUN=a b 1\0"))
        #expect(contains("PATH=/bin\0TASKRUN_RUN=a b 1"))
        #expect(contains("\0\0TASKRUN_RUN=a b 1\0\0"))
        #expect(!contains(""))
        #expect(!contains("TASKRUN_RUN=a b 12\0"))
        #expect(!contains("TASKRUN_RUN=a b \0001"))
        #expect(!contains("XTASKRUN_RUN=a b 1\0"))
        #expect(!contains("TASKRUN_RUN=\0"))
        #expect(!contains("X=TASKRUN_RUN=a b 1\0"))
    }
}
