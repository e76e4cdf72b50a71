import SystemPackage
public import TaskRun

/// The handlers folder: files that perform tasks, told by their names.
///
/// `IMAGE_RESIZE` and `CONTACT_EMAIL.php` (one extension is dropped) are programs if they have the run bit, and so is
/// `REVERSE.stream.py`, which stays up for many tasks; `ACCOUNT_DELETE.sql` is an SQL file. Subfolders, hidden files, editors' backups and documents are no handlers.
public struct HandlersFolder: Sendable {
    /// The handlers found, by file name; two may have one name, which ``HandlerRegistry`` refuses.
    public let handlers: [any Handler]
    /// What is wrong, and must not stop the rest.
    public let findings: [Finding]

    /// Reads a folder.
    ///
    /// - Parameters:
    ///   - path: The folder; relative to the working directory of this process.
    ///   - isDefault: Whether nobody asked for this very folder: it need not exist.
    ///   - executables: What all executables have in common.
    ///   - perform: Runs an SQL file's script; see ``SQLFileHandler``.
    public init(
        path: String,
        isDefault: Bool = false,
        executables: ExecutableSettings,
        perform: @escaping SQLFileHandler.Perform
    ) {
        let path = FilePath(path).string  // without a slash at its end
        let names: [String]
        do {
            names = try Files.names(in: path)
        } catch {
            self.init(handlers: [], findings: Self.findings(for: error, path: path, isDefault: isDefault))
            return
        }
        var handlers: [any Handler] = []
        var findings = Self.findingsAboutFolder(path)
        for name in names {
            let file = "\(path)/\(name)"
            let entry = Self.look(at: file, named: name)
            let (kind, remarks) = entry.decide()
            findings += remarks
            switch kind {
            case .none:
                break
            case .executable(let name):
                handlers.append(ExecutableHandler(name: name, path: file, settings: executables))
            case .stream(let name):
                handlers.append(StreamHandler(name: name, path: file, settings: executables))
            case .sql(let name):
                do {
                    handlers.append(try SQLFileHandler(name: name, path: file, perform: perform))
                } catch {
                    findings.append(Finding(.error, "handlers", error.found, advice: error.advice))
                }
            }
        }
        self.init(handlers: handlers, findings: findings)
    }

    private init(handlers: [any Handler], findings: [Finding]) {
        self.handlers = handlers
        self.findings = findings
    }

    private static func look(at file: String, named name: String) -> FolderEntry {
        let status = try? FileStatus(path: file)
        let isDocument = status?.kind == .file && status?.hasRunBit == false
        // Read only where it matters: what has the run bit is a handler whatever it begins with.
        let start = isDocument ? (try? Files.start(of: file, limit: 4)) ?? [] : []
        return FolderEntry(name: name, path: file, status: status, start: start)
    }

    private static func findingsAboutFolder(_ path: String) -> [Finding] {
        guard let status = try? FileStatus(path: path), status.isWritableByEveryone else { return [] }
        let found =
            "the folder \(path) may be written to by everyone on this machine, who can thereby run programs as this user"
        return [Finding(.warning, "handlers folder", found, advice: "chmod o-w \(path)")]
    }

    /// What is said of a folder that cannot be read.
    static func findings(for error: Errno, path: String, isDefault: Bool) -> [Finding] {
        switch error {
        case .noSuchFileOrDirectory where isDefault:
            return []
        case .noSuchFileOrDirectory:
            let advice = "Create it, or correct the setting `handlers` (--handlers, TASKRUN_HANDLERS)."
            return [Finding(.error, "handlers folder", "the folder \(path) does not exist", advice: advice)]
        case .notDirectory:
            return [
                Finding(.error, "handlers folder", "\(path) is no folder", advice: "Name the folder, not a file in it.")
            ]
        case .permissionDenied:
            let found = "the folder \(path) cannot be read: permission denied"
            return [
                Finding(.error, "handlers folder", found, advice: "Run taskrun as its owner, or chmod a+rx \(path)")
            ]
        default:
            let found = "the folder \(path) cannot be read: \(SpawnFailure.describe(error))"
            return [Finding(.error, "handlers folder", found)]
        }
    }
}
