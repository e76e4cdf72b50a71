import Foundation

/// The server's programs on this machine, and the user to run them as.
struct PostgreSQLPrograms: Sendable {
    /// What is missing, and what to install.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    private let folder: URL
    private let user: User?

    /// PostgreSQL refuses to run as root; then it runs as this user.
    private struct User: Sendable {
        let name: String
        let id: uid_t
        let group: gid_t
    }

    /// Finds the programs by `pg_config`, or where Debian and Ubuntu put them.
    static func find() async throws -> PostgreSQLPrograms {
        var candidates: [URL] = []
        for path in (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":") {
            let tool = "\(path)/pg_config"
            guard FileManager.default.isExecutableFile(atPath: tool) else { continue }
            candidates.append(URL(filePath: try await Command([tool, "--bindir"]).run()))
        }
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        for version in versions.sorted(by: { (Int($0) ?? 0) > (Int($1) ?? 0) }) {
            candidates.append(URL(filePath: "/usr/lib/postgresql/\(version)/bin"))
        }
        let found = candidates.first { folder in
            ["initdb", "pg_ctl", "postgres"].allSatisfy {
                FileManager.default.isExecutableFile(atPath: folder.appending(path: $0).path)
            }
        }
        guard let found else {
            throw Missing(description: "no PostgreSQL server is installed. Run: apt-get install postgresql")
        }
        return PostgreSQLPrograms(folder: found, user: try unprivilegedUser())
    }

    /// The path of a program.
    func path(_ program: String) -> String { folder.appending(path: program).path }

    /// A program with its arguments, run as the right user.
    func command(_ program: String, _ arguments: [String]) -> Command {
        let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("PG") }
        return Command(prefix + [path(program)] + arguments, environment: environment)
    }

    /// Makes a folder that belongs to that user.
    ///
    /// Not in TMPDIR: it may be closed to others, and a socket's path must be short.
    func makeFolder() throws -> URL {
        var template = Array("/tmp/taskrun-postgresql-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Missing(description: "cannot make a folder in /tmp: \(String(cString: strerror(errno)))")
        }
        let path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        if let user, chown(path, user.id, user.group) != 0 {
            throw Missing(description: "cannot give \(path) to \(user.name): \(String(cString: strerror(errno)))")
        }
        return URL(filePath: path)
    }

    /// Starts a shell that waits for the end of this process, then stops the server and removes its folder.
    ///
    /// It is in a session of its own, so that what ends the tests (^C, a killed process group) does not end it too.
    func startWatchdog(folder: URL) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Missing(description: "cannot open a pipe") }
        // The writing end is never closed, and inherited by nobody: it ends with this process.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let script = """
            trap "" HUP INT TERM
            cat >/dev/null
            folder=$1
            shift
            "$@" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1
            rm -rf "$folder"
            """
        let words = ["/bin/sh", "-c", script, "watchdog", folder.path] + prefix + [path("pg_ctl")]
        let session = "/usr/bin/setsid"
        let all = FileManager.default.isExecutableFile(atPath: session) ? [session] + words : words
        let process = Process()
        process.executableURL = URL(filePath: all[0])
        process.arguments = Array(all.dropFirst())
        process.standardInput = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    /// Starts a program as the right user, which ends when the handle is closed or this process ends; its folder is removed then.
    ///
    /// What it writes is in the folder's `log`.
    func startBeside(_ words: [String], folder: URL) throws -> FileHandle {
        let input = Pipe()
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        let script = """
            trap "" HUP
            folder=$1
            shift
            "$@" </dev/null >"$folder/log" 2>&1 &
            cat >/dev/null
            # It may have inherited a mask that blocks SIGTERM, and has nothing to lose.
            kill -KILL $!
            wait
            rm -rf "$folder"
            """
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/setsid")
        process.arguments = ["/bin/sh", "-c", script, "watchdog", folder.path] + prefix + words
        process.standardInput = input.fileHandleForReading
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return input.fileHandleForWriting
    }

    private var prefix: [String] {
        guard let user else { return [] }
        return ["/usr/bin/setpriv", "--reuid=\(user.id)", "--regid=\(user.group)", "--clear-groups", "--"]
    }

    private static func unprivilegedUser() throws -> User? {
        guard geteuid() == 0 else { return nil }
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name) {
                return User(name: name, id: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
            }
        }
        throw Missing(description: "PostgreSQL does not run as root, and there is no user postgres or nobody")
    }
}
