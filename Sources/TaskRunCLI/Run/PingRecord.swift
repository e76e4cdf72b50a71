import Platform
import SystemPackage

/// When this host last pinged, and when it last reported that a ping failed: a small file beside the handler slots.
struct PingRecord: Sendable {
    /// The minute of the last ping, and the hour of the last report, both since 1970.
    struct Moments: Sendable, Equatable {
        var minute = 0
        var hour = 0

        init() {}

        /// Reads what ``text`` has written; other text counts as nothing.
        init(_ text: String) {
            let numbers = text.split(separator: " ").compactMap { Int($0) }
            if numbers.count == 2 { (minute, hour) = (numbers[0], numbers[1]) }
        }

        var text: String { "\(minute) \(hour)" }

        /// Whether to ping in the minute of this moment, which then counts as used.
        mutating func takeMinute(_ now: Date) -> Bool {
            let current = Int(now.timeIntervalSince1970) / 60
            defer { minute = current }
            return current != minute
        }

        /// Whether to report in the hour of this moment, which then counts as used.
        mutating func takeHour(_ now: Date) -> Bool {
            let current = Int(now.timeIntervalSince1970) / 3600
            defer { hour = current }
            return current != hour
        }
    }

    /// The file's path.
    let path: String

    /// Changes the moments while no other run does.
    ///
    /// - Returns: What the change returned; true if the file cannot be used, because a ping too many does less harm
    ///   than a missing one.
    func change(_ body: (inout Moments) -> Bool) -> Bool {
        let mode = FilePermissions(rawValue: 0o600)
        let options: FileDescriptor.OpenOptions = [.create, .closeOnExec, .noFollow]
        guard let file = try? FileDescriptor.open(path, .readWrite, options: options, permissions: mode) else {
            return true
        }
        let result: Bool? = try? file.closeAfter {
            // The lock goes with the file. Another run has it for a moment only.
            guard flock(file.rawValue, LOCK_EX) == 0 else { return true }
            let bytes = try [UInt8](unsafeUninitializedCapacity: 64) {
                $1 = try file.read(fromAbsoluteOffset: 0, into: UnsafeMutableRawBufferPointer($0))
            }
            var moments = Moments(String(decoding: bytes, as: UTF8.self))
            let result = body(&moments)
            try file.resize(to: 0)
            try file.writeAll(toAbsoluteOffset: 0, moments.text.utf8)
            return result
        }
        return result ?? true
    }
}
