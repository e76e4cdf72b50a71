import Platform
import Synchronization
import SystemPackage

/// Where the files behind `TASKRUN_OUTPUT` lie: a folder that only this user can enter, there while it is needed.
///
/// A class because all executables of a run share one folder: made with the first file, removed when no thread needs it any more, so
/// that neither each task costs a folder nor each run leaves one. It is named after the run, so that the folder of one that
/// was killed can be found.
final class OutputFolder: Sendable {
    /// The most bytes that are read of one file while the program is at work: the last ones.
    static let latestLimit = 1 << 20
    /// The most bytes that are read of one when it has ended.
    static let wholeLimit = 64 << 20

    private struct State {
        var isThere = false
        /// Files that are there, and threads that will make more.
        var users = 0
        var made: UInt64 = 0
        /// Where it is now.
        var path = ""
    }

    /// Where it is to be.
    private let usual: String
    private let state = Mutex(State())

    init(parent: String, run: String) { usual = Self.path(of: run, in: parent) }

    /// Removes what a dead run left; nothing, mostly.
    static func remove(of run: String, in parent: String) {
        try? FileManager.default.removeItem(atPath: path(of: run, in: parent))
    }

    private static func path(of run: String, in parent: String) -> String {
        "\(parent)/output-" + String(run.map { $0 == " " || $0 == "/" ? "_" : $0 })
    }

    /// Does what makes one file after the other; the folder stays in between.
    func whileKept<Result>(_ body: () -> Result) -> Result {
        state.withLock { $0.users += 1 }
        defer { leave() }
        return body()
    }

    /// Makes an empty file, readable and writable for this user alone.
    func makeFile() throws(Errno) -> String {
        do throws(Errno) {
            return try enter()
        } catch {
            leave()
            guard error == .noSuchFileOrDirectory else { throw error }
        }
        // Somebody swept the folder away while the run went on: begin a new one.
        state.withLock { $0.isThere = false }
        do throws(Errno) {
            return try enter()
        } catch {
            leave()
            throw error
        }
    }

    /// Removes a file, whatever has become of it, and the folder with the last one.
    func removeFile(_ file: String) {
        if unlink(file) != 0 { try? FileManager.default.removeItem(atPath: file) }
        leave()
    }

    /// The file's text; empty where it is gone, is no file any more, or nothing was written.
    func text(of file: String) -> [UInt8] {
        guard let status = try? FileStatus(path: file), status.size > 0 else { return [] }
        return (try? Files.start(of: file, limit: Self.wholeLimit)) ?? []
    }

    /// Its last lines.
    func latestText(of file: String) -> [UInt8] {
        guard let status = try? FileStatus(path: file), status.size > 0 else { return [] }
        let bytes = (try? Files.end(of: file, limit: Self.latestLimit)) ?? []
        // What is left of a line that began before them is none.
        guard bytes.count == Self.latestLimit, let first = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            return bytes
        }
        return Array(bytes[(first + 1)...])
    }

    /// Makes the folder unless it is there, and holds it; returns the next file, empty.
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

    /// Makes the folder; in /tmp where it was before and what it lay in is gone, as a session's folder is once the user has logged out.
    private func make(isAgain: Bool) throws(Errno) -> String {
        if mkdir(usual, 0o700) == 0 || errno == EEXIST { return usual }
        let reason = Errno(rawValue: errno)
        // A new name each time: anybody could make one that was used before.
        var template = Array("/tmp/taskrun-output.XXXXXX".utf8CString)
        guard isAgain, reason == .noSuchFileOrDirectory, mkdtemp(&template) != nil else { throw reason }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Lets go of the folder; the last one removes it.
    private func leave() {
        state.withLock { state in
            state.users -= 1
            guard state.users == 0, state.isThere else { return }
            state.isThere = false
            if rmdir(state.path) != 0 { try? FileManager.default.removeItem(atPath: state.path) }
        }
    }
}
