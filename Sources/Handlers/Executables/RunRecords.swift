import Platform
import SystemPackage
package import TaskRun

/// The records of the programs that the runs of this host have started, read after a run was killed.
///
/// There is one file per run, from before its first claim to its end; `ProgramRecord` says what it contains. All users
/// can read it, because runs of several users may work on one database. The folder is open to all users, and none is
/// trusted: a file counts only if its owner is the run's user.
package struct RunRecords: Sendable {
    /// The folder that the runs of all users share.
    package static let sharedFolder = "/tmp/taskrun-runs"
    /// How long the record of a killed run is kept; the next run of its user then removes it.
    private static let keep: time_t = 86_400

    private let folders: [String]

    /// Sets the folders.
    ///
    /// - Parameters:
    ///   - shared: The folder that all users share.
    ///   - runtimeDirectory: The folder to use if files cannot be created in the first one.
    package init(shared: String = sharedFolder, runtimeDirectory: String) {
        folders = [shared, Files.absolute(runtimeDirectory).string]
    }

    /// Begins to record what this process starts, unless that has begun already.
    ///
    /// If no file can be created, programs are still ended with this process where the system can do that, and other
    /// runs wait for the end of its leases.
    ///
    /// - Parameter run: This process.
    /// - Returns: Why no file could be created, or nil.
    package func begin(_ run: RunIdentity) -> String? {
        guard !ProgramRecord.shared.hasBegun else { return nil }
        var problem = ""
        for (place, folder) in folders.enumerated() {
            do throws(Errno) {
                let file = try Self.create(Self.name(of: run), in: folder, isShared: place == 0)
                ProgramRecord.shared.begin(file: file, path: "\(folder)/\(Self.name(of: run))")
                Self.removeOld(in: folder)
                return nil
            } catch {
                problem = "\(folder): \(SpawnFailure.describe(error))"
            }
        }
        ProgramRecord.shared.begin(file: -1, path: nil)
        return problem
    }

    /// Ends the record.
    ///
    /// - Parameter isClean: Whether this run holds no task any more, so that no other run will need the record.
    package func end(isClean: Bool) { ProgramRecord.shared.close(removing: isClean) }

    /// Reaps ended processes that are children of this one and that no thread here waits for.
    package static func reapStrangers() { ProgramRecord.shared.reapStrangers() }

    /// Opens the record of a run, or returns nil if there is none that can be trusted.
    func open(of run: RunIdentity) -> Int32? {
        for folder in folders {
            let file = Self.openFile("\(folder)/\(Self.name(of: run))", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard file >= 0 else { continue }
            var status = stat()
            if fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == run.user { return file }
            close(file)
        }
        return nil
    }

    private static func openFile(_ path: String, _ flags: Int32) -> Int32 {
        Platform.open(path, flags)
    }

    private static func name(of run: RunIdentity) -> String {
        "\(run.bootID)-\(run.namespace)-\(run.pid)-\(run.startTicks)"
    }

    private static func create(_ name: String, in path: String, isShared: Bool) throws(Errno) -> Int32 {
        if mkdir(path, isShared ? 0o777 : 0o700) == 0, isShared {
            // Only its owner can remove a file in it, as in /tmp.
            chmod(path, 0o1777)
        }
        let folder = openFile(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { throw Errno(rawValue: errno) }
        defer { close(folder) }
        for isAgain in [false, true] {
            let file = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
            if file >= 0 {
                // Independent of umask: others must be able to read it.
                fchmod(file, 0o644)
                return file
            }
            // It is this process's own, from an earlier round; another user's cannot be removed.
            guard errno == EEXIST, !isAgain, unlinkat(folder, name, 0) == 0 else { break }
        }
        throw Errno(rawValue: errno)
    }

    /// Removes this user's records that are older than a day: the leases of their runs have ended.
    private static func removeOld(in folder: String) {
        let now = time(nil)
        for name in (try? Files.names(in: folder)) ?? [] where name.utf8.count > 36 {
            var status = stat()
            let path = "\(folder)/\(name)"
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
                status.st_mtim.tv_sec < now - keep
            else { continue }
            unlink(path)
        }
    }
}
