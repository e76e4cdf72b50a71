import CSpawn
import Foundation
import TaskRun
import Testing

@testable import Handlers

@Suite("The record of what a run has started")
struct ProgramRecordTests {
    private static func line(_ pid: pid_t, _ before: Int64, _ after: Int64) -> String {
        String(format: "%010d %020ld %020ld\n", pid, before, after)
    }

    /// A process that sleeps, and when it began, in nanoseconds since the machine did.
    private func sleeper() throws -> (process: Process, before: Int64, after: Int64) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sleep")
        process.arguments = ["60"]
        // One that outlives its test must not keep the test runner's output open.
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let before = record_clock()
        try process.run()
        return (process, before, record_clock())
    }

    private func run(user: uid_t = geteuid()) -> RunIdentity {
        RunIdentity(
            host: "h",
            pid: .max,
            startTicks: 1,
            bootID: UUID().uuidString,
            namespace: 7,
            machine: "m",
            user: user
        )
    }

    private func write(_ text: String, of run: RunIdentity, in place: Place) throws {
        try place.write(text, to: "shared/\(run.bootID)-7-\(run.pid)-1")
    }

    private func records(_ place: Place) -> RunRecords {
        RunRecords(shared: "\(place.path)/shared", runtimeDirectory: "\(place.path)/runtime")
    }

    @Test("what stands in the record of a dead run is ended")
    func ended() async throws {
        try await withPlace { place in
            let (process, before, after) = try sleeper()
            let run = run()
            try write(Self.line(0, 0, 0) + Self.line(process.processIdentifier, before, after), of: run, in: place)
            #expect(await LeftoverProcesses.end(startedBy: run, in: records(place)) == .init(ended: 1, areLeft: false))
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal)
        }
    }

    @Test(
        "a line that was not written to its end is of a program that never began: the run was killed, or the disk was full",
        arguments: [0, 1, 20, 52]
    )
    func unfinished(_ written: Int) async throws {
        try await withPlace { place in
            let (process, before, after) = try sleeper()
            let whole = Self.line(process.processIdentifier, before, after)
            // Begun in the middle of the file, where the next line was written first; and at its end.
            let hole = whole.prefix(written) + String(repeating: "\0", count: whole.utf8.count - written)
            let run = run()
            try write(hole + whole + whole.prefix(written), of: run, in: place)
            #expect(await LeftoverProcesses.end(startedBy: run, in: records(place)) == .init(ended: 1, areLeft: false))
            process.waitUntilExit()
        }
    }

    @Test("a process that has the number of one in the record, but began at another moment, is left alone")
    func reused() async throws {
        try await withPlace { place in
            let (process, before, _) = try sleeper()
            defer { process.terminate() }
            let run = run()
            let earlier = before - 60_000_000_000
            try write(Self.line(process.processIdentifier, earlier, earlier + 1_000), of: run, in: place)
            #expect(await LeftoverProcesses.end(startedBy: run, in: records(place)) == .init(ended: 0, areLeft: false))
            #expect(isAlive(process.processIdentifier))
        }
    }

    @Test("a record that another user has written makes nobody end anything, nor believe that nothing is left")
    func forged() async throws {
        try #require(geteuid() == 0, "run the tests as root: they give files to another user")
        try await withPlace { place in
            let (process, before, after) = try sleeper()
            defer { process.terminate() }
            // Root's run, another user's file.
            let rootsRun = run()
            try write(Self.line(process.processIdentifier, before, after), of: rootsRun, in: place)
            chown("\(place.path)/shared/\(rootsRun.bootID)-7-\(rootsRun.pid)-1", 65_534, 65_534)
            // Another user's run and file, root's process.
            let othersRun = run(user: 65_534)
            try write(Self.line(process.processIdentifier, before, after), of: othersRun, in: place)
            chown("\(place.path)/shared/\(othersRun.bootID)-7-\(othersRun.pid)-1", 65_534, 65_534)
            for run in [rootsRun, othersRun] {
                #expect(
                    await LeftoverProcesses.end(startedBy: run, in: records(place)) == .init(ended: 0, areLeft: true)
                )
            }
            #expect(isAlive(process.processIdentifier))
        }
    }

    @Test("no record, a link in its place, and one that is no record: it cannot be seen what is left")
    func unseen() async throws {
        try await withPlace { place in
            let unseen = LeftoverProcesses.Result(ended: 0, areLeft: true)
            #expect(await LeftoverProcesses.end(startedBy: run(), in: records(place)) == unseen)
            let odd = run()
            try write("nothing like it\n", of: odd, in: place)
            #expect(await LeftoverProcesses.end(startedBy: odd, in: records(place)) == unseen)
            let linked = run()
            try place.write("", to: "empty")
            symlink("\(place.path)/empty", "\(place.path)/shared/\(linked.bootID)-7-\(linked.pid)-1")
            #expect(await LeftoverProcesses.end(startedBy: linked, in: records(place)) == unseen)
            let empty = run()
            try write("", of: empty, in: place)
            #expect(
                await LeftoverProcesses.end(startedBy: empty, in: records(place)) == .init(ended: 0, areLeft: false)
            )
        }
    }

    @Test("a program stands in the record before it begins, and no more once it is reaped")
    func written() async throws {
        await #expect(processExitsWith: .success) {
            try await withPlace { place in
                let path = place.path
                let run = RunIdentity(
                    host: "h",
                    pid: getpid(),
                    startTicks: 1,
                    bootID: UUID().uuidString,
                    namespace: 7,
                    user: geteuid()
                )
                let records = RunRecords(shared: "\(path)/shared", runtimeDirectory: "\(path)/runtime")
                try #require(records.begin(run) == nil)
                let file = "\(path)/shared/\(run.bootID)-7-\(run.pid)-1"
                let handler = ExecutableHandler(
                    name: "TEST",
                    path: try place.write(
                        "#!/bin/sh\nread line < \(file)\necho $(($(echo $line | cut -c1-10 | sed 's/^0*//') - $$))\n",
                        to: "handlers/TEST",
                        mode: 0o755
                    ),
                    settings: place.settings()
                )
                for _ in 0..<3 {
                    guard case .succeeded(let result, _) = await handler.perform(task()) else {
                        Issue.record("it failed")
                        return
                    }
                    try #require(String(decoding: result, as: UTF8.self) == "0\n")
                }
                try #require(String(contentsOfFile: file, encoding: .utf8).hasPrefix("0000000000 "))
                try #require(FileManager.default.attributesOfItem(atPath: file)[.size] as? Int == 53)
                records.end(isClean: true)
                try #require(!FileManager.default.fileExists(atPath: file))
            }
        }
    }
}
