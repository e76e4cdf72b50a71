import SystemPackage
import TaskRun

/// A folder with programs that are identified by their names: how it is read, and what is reported about it.
struct ProgramFolder: Sendable, Equatable {
    /// The setting that names it.
    let setting: String
    /// The kind of files in it.
    let content: String

    static let handlers = ProgramFolder(setting: "handlers", content: "handler")
    static let hooks = ProgramFolder(setting: "hooks", content: "hook")

    /// Reads the entry of a file in it.
    func entry(at file: String, named name: String) -> FolderEntry {
        let status = try? FileStatus(path: file)
        let isRead = status?.kind == .file && (status?.hasRunBit == false || status?.isOpenToAll == true)
        // The bytes are read only if they matter: a file with the run bit is a program whatever it begins with, unless
        // all files have that bit.
        let start = isRead ? (try? Files.start(of: file, limit: 4)) ?? [] : []
        let link = status == nil ? Files.link(at: file) : nil
        return FolderEntry(folder: self, name: name, path: file, status: status, start: start, link: link)
    }

    /// The finding if others may change the folder's content, so that nothing in it is used.
    func refusal(of path: String, _ trust: inout PathTrust) -> Finding? {
        trust.fault(of: path).map { fault in
            Finding(.error, subject, fault.sentence("the \(setting) folder", path), advice: fault.advice)
        }
    }

    /// The findings for a folder that cannot be read.
    func findings(for error: Errno, path: String, isDefault: Bool) -> [Finding] {
        switch error {
        case .noSuchFileOrDirectory where isDefault:
            return []
        case .noSuchFileOrDirectory:
            let advice =
                "Create it, or correct the setting `\(setting)` (--\(setting), TASKRUN_\(setting.uppercased()))."
            return [
                Finding(.error, subject, "the folder \(Files.absolute(path).string) does not exist", advice: advice)
            ]
        case .notDirectory:
            return [Finding(.error, subject, "\(path) is not a folder", advice: "Name the folder, not a file in it.")]
        case .permissionDenied:
            let found = "the folder \(path) cannot be read: permission denied"
            return [Finding(.error, subject, found, advice: "Run taskrun as its owner, or chmod a+rx \(path)")]
        default:
            let found = "the folder \(path) cannot be read: \(SpawnFailure.describe(error))"
            return [Finding(.error, subject, found)]
        }
    }

    private var subject: String { "\(setting) folder" }
}
