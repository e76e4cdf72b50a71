import Foundation
import Synchronization
import TaskRun
import Testing

@testable import TaskRunCLI

/// Who this process is, which others are gone, and the host's places.
@Suite struct HostTests {
    @Test("the fields of /proc/PID/stat are counted from the last closing parenthesis")
    func stat() throws {
        let rest = (3...52).map { $0 == 3 ? "S" : "\($0)" }.joined(separator: " ")
        let stat = try #require(ProcessStat(parsing: "42 (a) R (b c) \(rest)\n"))
        #expect(stat.pid == 42)
        #expect(stat.state == "S")
        #expect(stat.startTicks == 22)
        #expect(ProcessStat(parsing: "42 (a) S 1 2") == nil)
        #expect(ProcessStat(parsing: "") == nil)
    }

    @Test("this process has an identity, is alive, and reads its own text form")
    func identity() throws {
        let identity = RunIdentity.ofThisProcess()
        #expect(identity.pid == getpid())
        #expect(RunIdentity(text: identity.text) == identity)
        #expect(identity == RunIdentity.ofThisProcess())
        #expect(HostProcesses(identity: identity) { _ in true }.life(of: identity.text) == .alive)
    }

    @Test("a run is dead if its process is gone, is another one, or has ended; never on another host")
    func dead() async throws {
        let own = RunIdentity.ofThisProcess()
        let processes = HostProcesses(identity: own) { _ in true }
        func text(pid: Int32? = nil, ticks: UInt64? = nil, boot: String? = nil, namespace: UInt64? = nil) -> String {
            RunIdentity(
                host: own.host,
                pid: pid ?? own.pid,
                startTicks: ticks ?? own.startTicks,
                bootID: boot ?? own.bootID,
                namespace: namespace ?? own.namespace
            ).text
        }
        #expect(processes.life(of: text(ticks: 1)) == .dead)
        #expect(processes.life(of: text(pid: .max)) == .dead)
        #expect(processes.life(of: text(pid: .max, boot: "other")) == .unknown)
        #expect(processes.life(of: text(pid: .max, namespace: 1)) == .unknown)
        #expect(processes.life(of: "some other text") == .unknown)
        #expect(processes.life(of: nil) == .unknown)
        #expect(await processes.isDead(text(pid: .max)))
        #expect(await !processes.isDead(own.text))
        #expect(await !processes.isDead(text(pid: .max, boot: "other")))
    }

    @Test("a process that has ended but is not reaped is dead")
    func zombie() async throws {
        let own = RunIdentity.ofThisProcess()
        var child = pid_t()
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { free(arguments[0]) }
        try #require(posix_spawn(&child, "/bin/true", nil, nil, arguments, nil) == 0)
        defer { waitpid(child, nil, 0) }
        var ticks: UInt64?
        try await eventually("the child has ended") {
            let stat = ProcessFile.text("/proc/\(child)/stat").flatMap { ProcessStat(parsing: $0) }
            ticks = stat?.startTicks
            return stat?.state == "Z"
        }
        let run = RunIdentity(
            host: own.host,
            pid: child,
            startTicks: try #require(ticks),
            bootID: own.bootID,
            namespace: own.namespace
        )
        #expect(HostProcesses(identity: own) { _ in true }.life(of: run.text) == .dead)
    }

    @Test("a dead run that left something at work is not called dead until that is ended")
    func leftovers() async {
        let own = RunIdentity.ofThisProcess()
        let gone = RunIdentity(host: "h", pid: .max, startTicks: 1, bootID: own.bootID, namespace: own.namespace).text
        let asked = Mutex(0)
        let processes = HostProcesses(identity: own) { _ in
            asked.withLock { asked in
                asked += 1
                return asked > 1
            }
        }
        #expect(await !processes.isDead(gone))
        #expect(await processes.isDead(gone))
        #expect(await processes.isDead(gone))
        #expect(asked.withLock { $0 } == 2)
    }

    @Test("places are shared by all who open them, and come back when their holder is gone")
    func slots() throws {
        let path = NSTemporaryDirectory() + "slots-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let directory = try RuntimeDirectory(path: path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        let mine = try FileSlots(count: 3, in: directory)
        var others: FileSlots? = try FileSlots(count: 3, in: directory)
        #expect(mine.take(upTo: 2) == 2)
        #expect(others?.take(upTo: 3) == 1)
        #expect(mine.take(upTo: 1) == 0)
        mine.release(1)
        #expect(others?.take(upTo: 5) == 1)
        others = nil
        #expect(mine.take(upTo: 5) == 2)
        mine.release(3)
        #expect(try FileSlots(count: 9, in: directory).take(upTo: 9) == 9)
    }

    @Test("places come back at once, though a process that is just being started still shares their files")
    func sharedSlots() throws {
        let path = NSTemporaryDirectory() + "slots-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let directory = try RuntimeDirectory(path: path)
        var gone: FileSlots? = try FileSlots(count: 2, in: directory)
        #expect(gone?.take(upTo: 2) == 2)
        let shared = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
            .filter { file in
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(file)")
                return target?.hasPrefix(path) == true
            }.map { dup($0) }
        defer { for file in shared { close(file) } }
        #expect(shared.count == 2)
        gone = nil
        #expect(try FileSlots(count: 2, in: directory).take(upTo: 2) == 2)
    }

    @Test("a runtime directory of somebody else, behind a link, or open to others is refused")
    func directory() throws {
        #expect(RuntimeDirectory.fault(mode: S_IFDIR | 0o700, owner: 5, user: 5) == nil)
        #expect(RuntimeDirectory.fault(mode: S_IFDIR | 0o755, owner: 5, user: 5) == nil)
        #expect(RuntimeDirectory.fault(mode: S_IFDIR | 0o770, owner: 5, user: 5) == "may be written to by others")
        #expect(RuntimeDirectory.fault(mode: S_IFDIR | 0o700, owner: 6, user: 5) == "belongs to another user")
        #expect(RuntimeDirectory.fault(mode: S_IFLNK | 0o777, owner: 5, user: 5) == "is a symbolic link")
        #expect(RuntimeDirectory.fault(mode: S_IFREG | 0o600, owner: 5, user: 5) == "is no folder")
        #expect(throws: ProgramError.self) { try RuntimeDirectory(path: "/proc/none/such") }
    }
}
