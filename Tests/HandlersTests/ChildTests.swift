import Foundation
import Platform
import SystemPackage
import TaskRun
import Testing

@testable import Handlers

/// RLIMIT_NPROC, which Swift's Glibc module lacks.
private let processLimit = __rlimit_resource_t(6)

@Suite("Starting a program, making it end, and taking its status")
struct ChildTests {
    private func shell(_ script: String, in folder: String = "/") -> Program {
        Program(
            path: "/bin/sh",
            arguments: ["-c", script],
            environment: ["PATH": "/usr/bin:/bin"],
            workingDirectory: FilePath(folder)
        )
    }

    /// Waits until this child has ended, without reaping it.
    private func waitForEnd(of child: borrowing Child) async throws {
        let end = child.end
        #expect(
            try await eventually {
                var entry = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
                return poll(&entry, 1, 0) == 1
            }
        )
    }

    @Test(
        "its status is what the kernel says",
        arguments: [
            ("exit 0", ProgramEnd.exited(0)), ("exit 255", .exited(255)), ("kill -TERM $$", .signaled(15)),
            ("kill -KILL $$", .signaled(9)), ("ulimit -c unlimited; kill -ABRT $$", .signaled(6)),
        ]
    )
    func status(script: String, expected: ProgramEnd) async throws {
        try await withPlace { place in
            let end = try Child(shell(script, in: place.path)).reap()
            #expect(end == expected)
        }
    }

    @Test("it leads its session and its process group from the moment it is there")
    func leads() throws {
        let child = try Child(shell("exec sleep 600"))
        let process = child.process
        #expect(getsid(process) == process && getpgid(process) == process)
        child.signalGroup(SIGKILL)
        let end = child.reap()
        #expect(end == .signaled(SIGKILL))
    }

    @Test("a child that is dropped is killed with its group and reaped")
    func dropped() async throws {
        try await withPlace { place in
            func begin() async throws -> pid_t {
                let child = try Child(shell("sleep 600 & echo $! > other; wait", in: place.path))
                #expect(try await eventually { place.text(of: "other")?.hasSuffix("\n") == true })
                return child.process
            }
            let process = try await begin()
            #expect(kill(process, 0) == -1 && errno == ESRCH)
            let other = try #require(place.text(of: "other").flatMap { Int32($0.dropLast()) })
            #expect(try await eventually { !isAlive(other) })
        }
    }

    @Test("its number is its own until it is reaped, so that a signal after its end hits nobody")
    func keepsNumber() async throws {
        let child = try Child(shell("exit 3"))
        let process = child.process
        try await waitForEnd(of: child)
        #expect(kill(process, 0) == 0)
        child.signalGroup(SIGTERM)
        let end = child.reap()
        #expect(end == .exited(3))
        #expect(kill(process, 0) == -1 && errno == ESRCH)
    }

    @Test("SIGTERM comes first, and SIGKILL not before its time")
    func ending() async throws {
        try await withPlace { place in
            let child = try Child(
                shell("trap 'touch asked' TERM; touch begun; while :; do sleep 0.02; done", in: place.path)
            )
            #expect(try await eventually { place.has("begun") })
            let now = ContinuousClock.now
            var ending = Ending(killAfter: .seconds(10))
            let before = ending.goOn(child, now: now)
            #expect(!ending.hasBegun && before == nil)
            ending.begin(child, now: now)
            #expect(ending.hasBegun)
            #expect(try await eventually { place.has("asked") })
            ending.begin(child, now: now + .seconds(5))
            let early = ending.goOn(child, now: now + .seconds(9))
            let process = child.process
            #expect(early == now + .seconds(10) && isAlive(process))
            let due = ending.goOn(child, now: now + .seconds(10))
            let late = ending.goOn(child, now: now + .seconds(20))
            #expect(due == nil && late == nil)
            let end = child.reap()
            #expect(end == .signaled(SIGKILL))
        }
    }

    @Test("of what this process was started with nothing is handed down")
    func inherited() async {
        await #expect(processExitsWith: .success) {
            try await withPlace { place in
                // dup(2) leaves the new descriptor open on exec, as those of a careless parent are.
                let ours = dup(0)
                try #require(ours > 2)
                let outcome = try await place.perform("ls /proc/self/fd | tr '\\n' ' '")
                #expect(outcome.result == "0 1 2 3 ")
            }
        }
    }

    @Test("where descriptors run out that is said, and neither a descriptor nor a process is left behind")
    func noDescriptors() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 200, rlim_max: 200)
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            let program = Program(path: "/bin/true", environment: [:], workingDirectory: "/")
            // Until there are no more, gaps included.
            var spare: [Int32] = []
            while true {
                let descriptor = dup(0)
                guard descriptor >= 0 else { break }
                spare.append(descriptor)
            }
            // Six ends of pipes and the pidfd are needed; what runs this test may take one or two beside.
            var failures = 0
            while true {
                do throws(StartError) {
                    let end = try Child(program).reap()
                    #expect(end == .exited(0))
                    break
                } catch {
                    try #require(error.reason == .tooManyOpenFiles)
                    failures += 1
                    close(try #require(spare.last))
                    spare.removeLast()
                }
            }
            #expect((6...9).contains(failures), "\(failures) failures")
            // Had one of them kept a descriptor, there would be too few now.
            let again = try Child(program).reap()
            #expect(again == .exited(0))
            #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD)
            let text = SpawnFailure.text(StartError(reason: .tooManyOpenFiles), path: "/a", workingDirectory: "/")
            #expect(text.hasPrefix("cannot start /a: too many open files. Raise the limit of open files (ulimit -n)"))
        }
    }

    @Test("where this user may have no more processes that is said, and the attempt can be repeated")
    func noProcesses() async {
        await #expect(processExitsWith: .success) {
            try await withPlace { place in
                let handler = try place.script("exit 0")
                // No limit holds for root.
                if geteuid() == 0 {
                    for path in ["", "/handlers", "/handlers/TEST"] {
                        try #require(chown(place.path + path, 65_534, 65_534) == 0)
                    }
                    try #require(setgid(65_534) == 0 && setuid(65_534) == 0)
                }
                var limit = rlimit(rlim_cur: 1, rlim_max: 1_000)
                try #require(setrlimit(processLimit, &limit) == 0)
                let program = Program(path: "/bin/true", environment: [:], workingDirectory: "/")
                var reason: Errno?
                do throws(StartError) { _ = try Child(program).reap() } catch { reason = error.reason }
                #expect(reason == .resourceTemporarilyUnavailable)
                // Here the thread cannot be had either.
                let outcome = await handler.perform(task())
                #expect(outcome.error?.contains("too many processes (ulimit -u") == true && !outcome.isPermanent)
                limit.rlim_cur = 1_000
                try #require(setrlimit(processLimit, &limit) == 0)
                #expect(await handler.perform(task()) == .succeeded())
            }
        }
    }

    @Test("a thread that waits learns of the cancellation, and one that is not cancelled does not")
    func wakeUp() async throws {
        let cancelled = Task { try await BlockingThread.run { $0.wait(.seconds(600)) } }
        cancelled.cancel()
        #expect(try await cancelled.value)
        #expect(try await BlockingThread.run { $0.wait(.milliseconds(1)) } == false)
        let wakeUp = try #require(WakeUp())
        wakeUp.shut()
        wakeUp.wake()
    }
}
