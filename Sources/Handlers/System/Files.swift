import Platform
package import SystemPackage

/// Reads files and folders with limits, because others may have written them.
package enum Files {
    /// The names in a folder, sorted, without the folder itself and its parent.
    ///
    /// Bytes that are not UTF-8 become U+FFFD.
    package static func names(in folder: String) throws(Errno) -> [String] {
        guard let stream = opendir(folder) else { throw Errno(rawValue: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                    String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The first bytes of a regular file, at most `limit`.
    ///
    /// The file is opened without waiting, and read only if it is a regular file: a FIFO in its place would block the
    /// run.
    static func start(of path: String, limit: Int) throws(Errno) -> [UInt8] {
        try read(path, limit: limit, isEnd: false)
    }

    /// The last bytes of a regular file, at most `limit`; opened as by ``start(of:limit:)``.
    static func end(of path: String, limit: Int) throws(Errno) -> [UInt8] {
        try read(path, limit: limit, isEnd: true)
    }

    /// Where a link leads, or nil for what is no link.
    static func link(at path: String) -> String? {
        var text = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink(path, &text, text.count - 1)
        return count > 0 ? String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    private static func read(_ path: String, limit: Int, isEnd: Bool) throws(Errno) -> [UInt8] {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.nonBlocking, .closeOnExec])
            return try file.closeAfter {
                var status = stat()
                guard fstat(file.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
                guard mode_t(status.st_mode) & S_IFMT == S_IFREG else { throw Errno.invalidArgument }
                if isEnd { try file.seek(offset: max(0, Int64(status.st_size) - Int64(limit)), from: .start) }
                var bytes: [UInt8] = []
                while bytes.count < limit {
                    let chunk = try [UInt8](unsafeUninitializedCapacity: min(limit - bytes.count, 64 * 1024)) {
                        $1 = try file.read(into: UnsafeMutableRawBufferPointer($0))
                    }
                    guard !chunk.isEmpty else { break }
                    bytes += chunk
                }
                return bytes
            }
        } catch let error as Errno {
            throw error
        } catch {
            throw .ioError
        }
    }

    /// The absolute form of a path, by the working directory of this process.
    static func absolute(_ path: String) -> FilePath {
        let path = FilePath(path)
        guard path.isRelative, let here = getcwd(nil, 0) else { return path.lexicallyNormalized() }
        defer { free(here) }
        return FilePath(String(cString: here)).pushing(path).lexicallyNormalized()
    }
}
