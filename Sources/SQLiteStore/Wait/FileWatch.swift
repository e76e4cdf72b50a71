import Platform

/// Notices writes to a database file or its journal, without opening either.
///
/// It must not open the file: closing any descriptor of it would drop all of SQLite's locks on it (see
/// <https://www.sqlite.org/howtocorrupt.html>, 2.2). It watches the folder, as journals are created and deleted.
final class FileWatch {
    /// A file descriptor that becomes readable after an event.
    let descriptor: Int32
    private let names: Set<String>

    #if os(Linux)
    /// Begins to watch, or returns nil if that is not possible, for example if the user has no watches left.
    init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let (folder, name) = ("/" + parts.dropLast().joined(separator: "/"), String(parts.last ?? ""))
        names = [name, name + "-wal", name + "-journal"]
        descriptor = inotify_init1(Int32(O_NONBLOCK | O_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        let kinds = UInt32(IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
        if inotify_add_watch(descriptor, folder, kinds) < 0 {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }

    /// Reads the events, and returns whether one of the files was touched.
    func readChanges() -> Bool {
        var isTouched = false
        var block = [UInt8](repeating: 0, count: 16384)
        while case let count = read(descriptor, &block, block.count), count > 0 {
            if block[..<count].withUnsafeBytes({ concernsFile($0) }) { isTouched = true }
        }
        return isTouched
    }

    private func concernsFile(_ events: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start + MemoryLayout<inotify_event>.size <= events.count {
            let event = events.loadUnaligned(fromByteOffset: start, as: inotify_event.self)
            let text = events[(start + MemoryLayout<inotify_event>.size)...].prefix(Int(event.len)).prefix { $0 != 0 }
            // There were more events than the kernel could keep.
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return true }
            if names.contains(String(decoding: text, as: UTF8.self)) { return true }
            start += MemoryLayout<inotify_event>.size + Int(event.len)
        }
        return false
    }
    #else
    init?(path: String) { return nil }
    func readChanges() -> Bool { false }
    #endif
}
