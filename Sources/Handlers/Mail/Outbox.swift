import Platform
import SystemPackage
import TaskRun

/// A folder into which messages are written instead of being sent.
struct Outbox: Sendable {
    let folder: String

    /// Writes a file under another name, syncs it to the disk, and renames it: it exists whole or not at all.
    ///
    /// A second attempt of the same task replaces the first one's file, so no message is there twice.
    ///
    /// - Throws: Why nothing was written.
    func store(_ message: String, as name: String) async throws(NotBegun) {
        let result = await offPool { Result { () throws(Errno) in try write(message, as: name) } }
        guard case .failure(let error) = result else { return }
        throw NotBegun(
            SpawnFailure.cause(of: error),
            "cannot write \(name) into the folder \(folder) (setting mail.outbox): "
                + "\(SpawnFailure.describe(error)). Make it a folder that this user can write to."
        )
    }

    private func write(_ message: String, as name: String) throws(Errno) {
        // For this user alone, because e-mails are private.
        if mkdir(folder, 0o700) != 0 && errno != EEXIST { throw Errno(rawValue: errno) }
        let temporary = "\(folder)/.\(name).\(UInt64.random(in: 0...UInt64.max))"
        do {
            let file = try FileDescriptor.open(
                temporary,
                .writeOnly,
                options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: .ownerReadWrite
            )
            try file.closeAfter {
                try file.writeAll(message.utf8)
                // The row is deleted for good after this, so the message must be on the disk for good before.
                guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
            }
            guard rename(temporary, "\(folder)/\(name)") == 0 else { throw Errno(rawValue: errno) }
        } catch {
            unlink(temporary)
            throw error as? Errno ?? .ioError
        }
    }
}
