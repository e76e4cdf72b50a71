import Platform
import Synchronization
import SystemPackage

/// The folder for the files behind `TASKRUN_OUTPUT`: only this user can enter it, and it exists only while it is
/// needed.
///
/// A class because all executables of a run share one folder. It is created with the first file and removed when no
/// thread needs it any more. So a task does not cost a folder, and a run does not leave one. It is named after the run,
/// so that the folder of a killed run can be found.
final class OutputFolder: Sendable {
    /// The most bytes that are read of a file while the program runs: the last ones.
    static let latestLimit = 1 << 20
    /// The most bytes that are read of a file once the program has ended.
    static let wholeLimit = 64 << 20

    private struct State {
        var isThere = false
        /// How many files exist, and threads that will make more.
        var users = 0
        var made: UInt64 = 0
        /// Its present path.
        var path = ""
    }

    /// Its usual path.
    private let usual: String
    private let state = Mutex(State())

    init(parent: String, run: String) { usual = Self.path(of: run, in: parent) }

    /// Removes what a dead run left; mostly there is nothing.
    static func remove(of run: String, in parent: String) {
        try? FileManager.default.removeItem(atPath: path(of: run, in: parent))
    }

    private static func path(of run: String, in parent: String) -> String {
        "\(parent)/output-" + String(run.map { $0 == " " || $0 == "/" ? "_" : $0 })
    }

    /// Runs code that makes one file after the other; the folder stays in between.
    func whileKept<Result>(_ body: () -> Result) -> Result {
        state.withLock { $0.users += 1 }
        defer { leave() }
        return body()
    }

    /// Creates an empty file, readable and writable for this user alone.
    func makeFile() throws(Errno) -> String {
        do throws(Errno) {
            return try enter()
        } catch {
            leave()
            guard error == .noSuchFileOrDirectory else { throw error }
        }
        // Another program removed the folder while the run went on: create a new one.
        state.withLock { $0.isThere = false }
        do throws(Errno) {
            return try enter()
        } catch {
            leave()
            throw error
        }
    }

    /// Removes a file, in whatever state it is, and with the last file the folder.
    func removeFile(_ file: String) {
        if unlink(file) != 0 { try? FileManager.default.removeItem(atPath: file) }
        leave()
    }

    /// The file's text; empty if it is gone, is no regular file any more, or nothing was written.
    func text(of file: String) -> [UInt8] {
        guard let status = try? FileStatus(path: file), status.size > 0 else { return [] }
        return (try? Files.start(of: file, limit: Self.wholeLimit)) ?? []
    }

    /// The file's last lines.
    func latestText(of file: String) -> [UInt8] {
        guard let status = try? FileStatus(path: file), status.size > 0 else { return [] }
        let bytes = (try? Files.end(of: file, limit: Self.latestLimit)) ?? []
        // The rest of a line that began earlier is not a line.
        guard bytes.count == Self.latestLimit, let first = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            return bytes
        }
        return Array(bytes[(first + 1)...])
    }

    /// Creates the folder unless it exists, and keeps it; returns the next file, empty.
    private func enter() throws(Errno) -> String {
        let file = try state.withLock { state throws(Errno) in
            state.users += 1
            if !state.isThere { state.path = try make(isAgain: state.made > 0) }
            state.isThere = true
            state.made += 1
            return "\(state.path)/\(state.made)"
        }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        close(descriptor)
        return file
    }

    /// Creates the folder.
    ///
    /// If it existed before and its parent is gone, it is created in /tmp: the folder of a session is removed once the
    /// user has logged out.
    private func make(isAgain: Bool) throws(Errno) -> String {
        if mkdir(usual, 0o700) == 0 || errno == EEXIST { return usual }
        let reason = Errno(rawValue: errno)
        // A new name each time, because any user could create one that was used before.
        var template = Array("/tmp/taskrun-output.XXXXXX".utf8CString)
        guard isAgain, reason == .noSuchFileOrDirectory, mkdtemp(&template) != nil else { throw reason }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Stops keeping the folder; the last user removes it.
    private func leave() {
        state.withLock { state in
            state.users -= 1
            guard state.users == 0, state.isThere else { return }
            state.isThere = false
            if rmdir(state.path) != 0 { try? FileManager.default.removeItem(atPath: state.path) }
        }
    }
}
