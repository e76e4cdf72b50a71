public import Foundation
import SystemPackage

/// Writes a file that may be run as a program, with its mode whatever the umask.
///
/// Foundation's own way leaves the file open for writing in every program that another test starts at this moment, and
/// as long as one of these is up, nobody can run the file.
///
/// - Throws: An `Errno` where it cannot be written, or what Foundation reports where the mode cannot be set.
public func write(_ data: Data, toProgram path: String, mode: Int) throws {
    let file = try FileDescriptor.open(
        path,
        .writeOnly,
        options: [.create, .truncate, .closeOnExec],
        permissions: .ownerReadWrite
    )
    try file.closeAfter { _ = try file.writeAll(data) }
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}
