#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
import Synchronization
import SystemPackage

/// Where the files behind `TASKRUN_OUTPUT` lie: a folder that only this user can enter, there while it has files.
///
/// A class because all executables of a run share one folder: made with the first file, removed with the last, so that
/// neither each task costs a folder nor each run leaves one.
final class OutputFolder: Sendable {
    /// The most bytes that are read of one file.
    static let limit = 1 << 20

    private struct State {
        var path: String?
        var files = 0
        var made: UInt64 = 0
    }

    private let parent: String
    private let state = Mutex(State())

    init(parent: String) { self.parent = parent }

    /// Makes an empty file, readable and writable for this user alone.
    func makeFile() throws(Errno) -> String {
        let result: Result<String, Errno> = state.withLock { state in
            do throws(Errno) {
                return .success(try Self.makeFile(&state, parent))
            } catch {
                guard error == .noSuchFileOrDirectory, state.path != nil else { return .failure(error) }
            }
            // Somebody swept the temporary folder while the run went on: begin a new one.
            state.path = nil
            return Result { () throws(Errno) in try Self.makeFile(&state, parent) }
        }
        return try result.get()
    }

    /// Removes a file, whatever has become of it, and the folder with the last one.
    func removeFile(_ file: String) {
        if unlink(file) != 0 { try? FileManager.default.removeItem(atPath: file) }
        state.withLock { state in
            state.files -= 1
            guard state.files == 0, let folder = state.path else { return }
            state.path = nil
            if rmdir(folder) != 0 { try? FileManager.default.removeItem(atPath: folder) }
        }
    }

    /// The file's text; empty where it is gone, is no file any more, or nothing was written.
    func text(of file: String) -> [UInt8] {
        guard let status = try? FileStatus(path: file), status.size > 0 else { return [] }
        return (try? Files.start(of: file, limit: Self.limit)) ?? []
    }

    private static func makeFile(_ state: inout State, _ parent: String) throws(Errno) -> String {
        let folder: String
        if let path = state.path { folder = path } else { folder = try makeFolder(in: parent) }
        state.path = folder
        state.made += 1
        let file = "\(folder)/\(state.made)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        close(descriptor)
        state.files += 1
        return file
    }

    private static func makeFolder(in parent: String) throws(Errno) -> String {
        var template = Array("\(parent)/taskrun-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
