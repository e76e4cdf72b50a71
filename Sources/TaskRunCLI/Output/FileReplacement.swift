import Platform
import SystemPackage

/// Replaces a file at once and whole.
enum FileReplacement {
    /// Writes a new file beside the old one, and gives it its name.
    ///
    /// - Parameters:
    ///   - bytes: The new content.
    ///   - path: The file, which need not exist.
    /// - Throws: ``ProgramError`` where the folder or the file does not allow it; the old file is then as it was.
    static func write(_ bytes: [UInt8], to path: String) throws(ProgramError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") + "/" : ""
        // Hidden, and without the ending by which collectors know their files.
        let new = "\(folder).\(parts.last ?? "").\(UInt32.random(in: .min ... .max)).new"
        do {
            let mode = FilePermissions(rawValue: 0o644)
            let options: FileDescriptor.OpenOptions = [.create, .exclusiveCreate, .closeOnExec, .noFollow]
            let file = try FileDescriptor.open(new, .writeOnly, options: options, permissions: mode)
            do {
                try file.closeAfter { _ = try file.writeAll(bytes) }
                guard rename(new, path) == 0 else { throw Errno(rawValue: errno) }
            } catch {
                unlink(new)
                throw error
            }
        } catch {
            let cause = (error as? Errno).map { "\($0)" } ?? "\(error)"
            throw ProgramError(
                .settings,
                "cannot replace \(path): \(cause)",
                advice: "Its folder must be there, and this user must be allowed to write files in it."
            )
        }
    }
}
