import SystemPackage
import TaskRun

/// A folder with programs that are told by their names: what is said of it, and how it is read.
struct ProgramFolder: Sendable, Equatable {
    /// The setting that names it.
    let setting: String
    /// What a file in it is.
    let content: String

    static let handlers = ProgramFolder(setting: "handlers", content: "handler")
    static let hooks = ProgramFolder(setting: "hooks", content: "hook")

    /// Looks at a file in it.
    func entry(at file: String, named name: String) -> FolderEntry {
        let status = try? FileStatus(path: file)
        let isRead = status?.kind == .file && (status?.hasRunBit == false || status?.isOpenToAll == true)
        // Read only where it matters: what has the run bit is a program whatever it begins with, unless all files have it.
        let start = isRead ? (try? Files.start(of: file, limit: 4)) ?? [] : []
        return FolderEntry(folder: self, name: name, path: file, status: status, start: start)
    }

    /// What is said of the folder itself, if others may change what is in it: then nothing of it is obeyed.
    func refusal(of path: String, _ trust: inout PathTrust) -> Finding? {
        trust.fault(of: path).map { fault in
            Finding(.error, subject, fault.sentence("the \(setting) folder", path), advice: fault.advice)
        }
    }

    /// What is said of a folder that cannot be read.
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
            return [Finding(.error, subject, "\(path) is no folder", advice: "Name the folder, not a file in it.")]
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
