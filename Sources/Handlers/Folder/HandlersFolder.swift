import SystemPackage
public import TaskRun

/// The handlers folder: files that perform tasks, identified by their names.
///
/// `IMAGE_RESIZE` and `CONTACT_EMAIL.php` (one extension is dropped) are programs if they have the run bit. So is
/// `REVERSE.stream.py`, which stays up for many tasks. `ACCOUNT_DELETE.sql` is an SQL file. Subfolders, hidden files,
/// editors' backups and documents are no handlers. A folder or a file that others may change is refused: see
/// `PathTrust`.
public struct HandlersFolder: Sendable {
    /// The handlers found, by file name; two may have one name, which ``HandlerRegistry`` refuses.
    public let handlers: [any Handler]
    /// Problems that must not stop the other handlers.
    public let findings: [Finding]

    /// Reads a folder.
    ///
    /// - Parameters:
    ///   - path: The folder; relative to the working directory of this process.
    ///   - isDefault: Whether no setting names this folder; then it need not exist.
    ///   - executables: The settings that all executables share.
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
            let findings = ProgramFolder.handlers.findings(for: error, path: path, isDefault: isDefault)
            self.init(handlers: [], findings: findings)
            return
        }
        var trust = PathTrust()
        if let refusal = ProgramFolder.handlers.refusal(of: path, &trust) {
            self.init(handlers: [], findings: [refusal])
            return
        }
        var handlers: [any Handler] = []
        var findings: [Finding] = []
        for name in names {
            let file = "\(path)/\(name)"
            let entry = ProgramFolder.handlers.entry(at: file, named: name)
            let (kind, remarks) = entry.decide()
            findings += remarks
            if kind != .none, let fault = trust.fault(of: file) {
                findings.append(entry.notObeyed(fault))
                continue
            }
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
}
