import SystemPackage

/// The settings that all executables of one run share.
public struct ExecutableSettings: Sendable {
    /// The text of the run's ``RunIdentity``, the value of `TASKRUN_RUN`, by which ``LeftoverProcesses`` finds
    /// processes.
    public var run: String
    /// The environment besides the variables `TASKRUN_…`; see ``environment(from:listed:)``.
    ///
    /// A name that begins with `TASKRUN_` is left out, because one of them holds the database's address.
    public var environment: [String: String]
    /// Where executables begin; default: the folder that contains the handlers folder.
    public var workingDirectory: String?
    /// How long after SIGTERM the process group gets SIGKILL; default 10 s.
    public var killAfter: Duration
    /// How many bytes of stdout are kept as the result, the first ones; default 1 MiB.
    ///
    /// The rest is read and dropped.
    public var resultLimit: Int
    /// The same for a task with a token, whose result is wanted; default as ``resultLimit``.
    public var maxResult: Int
    let outputs: OutputFolder

    /// Creates settings.
    ///
    /// - Parameters:
    ///   - run: The text of the run's identity.
    ///   - environment: The environment besides `TASKRUN_…`.
    ///   - workingDirectory: Where executables begin, or nil for the folder that contains the handlers folder.
    ///   - killAfter: How long after SIGTERM to send SIGKILL.
    ///   - resultLimit: How many bytes of stdout are kept.
    ///   - maxResult: How many bytes are kept for a task with a token, or nil for the same number.
    ///   - privateFolder: A folder that only this user can write to, for the files behind `TASKRUN_OUTPUT`.
    public init(
        run: String,
        environment: [String: String],
        workingDirectory: String? = nil,
        killAfter: Duration = .seconds(10),
        resultLimit: Int = 1 << 20,
        maxResult: Int? = nil,
        privateFolder: String
    ) {
        self.run = run
        self.environment = environment.filter { name, value in
            !name.hasPrefix("TASKRUN_") && Self.canBeVariable(name) && !value.utf8.contains(0)
        }
        self.workingDirectory = workingDirectory
        self.killAfter = killAfter
        self.resultLimit = resultLimit
        self.maxResult = maxResult ?? resultLimit
        self.outputs = OutputFolder(parent: Files.absolute(privateFolder).string, run: run)
    }

    /// How many programs can run at once within the limit of open files: 112 with the usual limit of 1,024.
    public static var mostAtOnce: Int { DescriptorLimit.programs }

    /// How many programs can run at once if each also holds a handler slot of the host: 99 with the usual limit.
    public static func mostAtOnce(slots: Bool) -> Int { slots ? DescriptorLimit.most(more: 1) : mostAtOnce }

    /// Removes the files behind `TASKRUN_OUTPUT` that a dead run left in its private folder.
    public static func removeFiles(of run: String, in privateFolder: String) {
        OutputFolder.remove(of: run, in: Files.absolute(privateFolder).string)
    }

    /// The part of an environment that executables get: PATH, HOME, LANG, TZ, and the names that the settings list.
    ///
    /// - Parameters:
    ///   - all: The environment of the run.
    ///   - listed: More names, from the settings. `TASKRUN_…` is never passed on.
    /// - Returns: Those of them that are set.
    public static func environment(from all: [String: String], listed: [String] = []) -> [String: String] {
        let names = Set(["PATH", "HOME", "LANG", "TZ"] + listed)
        return all.filter { name, _ in names.contains(name) && !name.hasPrefix("TASKRUN_") }
    }

    /// The working directory of a program in a folder of this run.
    func workingDirectory(for path: FilePath) -> FilePath {
        workingDirectory.map(Files.absolute) ?? path.removingLastComponent().removingLastComponent()
    }

    /// The environment of a program that is called for a task, without the fields of the task.
    func environment(ofTask id: Int64) -> [String: String] {
        var environment = environment
        environment["TASKRUN_RUN"] = run
        environment["TASKRUN_TASK_ID"] = String(id)
        return environment
    }

    /// POSIX: a name has no `=` and no NUL, and does not begin with a digit (Base Definitions, 8.1).
    private static func canBeVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first else { return false }
        return !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
            && !name.utf8.contains(UInt8(ascii: "=")) && !name.utf8.contains(0)
    }
}
