public import Foundation
import Synchronization

/// Stands between a program and a PostgreSQL server, counts what the program sends, and can lose an answer.
public final class CountingRelay: Sendable {
    /// What a program has sent.
    public struct Count: Sendable, Equatable {
        /// How often it began to send after the server had answered, from the first statement on.
        public var roundTrips = 0
        /// How many statements it had the server run.
        public var statements = 0
    }

    /// Where programs connect to: a folder with a socket of the server's name.
    public let folder: URL
    private let listener: Int32
    private let count = Mutex(Count())
    private let lost = Mutex<String?>(nil)

    /// Begins to listen.
    ///
    /// - Parameter server: Where everything is sent on to.
    /// - Throws: ``Command/Failure`` where the socket cannot be made.
    public init(to server: PostgreSQLServer) throws {
        folder = URL(filePath: "/tmp/relay-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let name = ".s.PGSQL.\(server.port)"
        let target = server.folder.appending(path: name).path
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard Self.withAddress(folder.appending(path: name).path, { bind(listener, $0, $1) }) == 0,
            listen(listener, 16) == 0
        else { throw Command.Failure(description: "cannot listen in \(folder.path)") }
        Thread.detachNewThread { [listener, weak self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0, let relay = self else { return }
                Thread.detachNewThread { relay.relay(client, to: target) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        try? FileManager.default.removeItem(at: folder)
    }

    /// What was sent since this was asked last.
    public func take() -> Count {
        count.withLock { count in
            defer { count = Count() }
            return count
        }
    }

    /// Loses the connection once, when the server has done the next statement with this text and before the program
    /// learns of it.
    public func loseAnswer(to text: String) { lost.withLock { $0 = text } }

    /// Whether what was sent is what is to be lost.
    private func isLost(_ bytes: ArraySlice<UInt8>) -> Bool {
        lost.withLock { text in
            guard let wanted = text, String(decoding: bytes, as: UTF8.self).contains(wanted) else { return false }
            text = nil
            return true
        }
    }

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private func relay(_ client: Int32, to target: String) {
        let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer {
            close(client)
            close(server)
        }
        guard Self.withAddress(target, { connect(server, $0, $1) }) == 0 else { return }
        var messages = Messages()
        var hasAnswered = true
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var entries = [
            pollfd(fd: client, events: Int16(POLLIN), revents: 0),
            pollfd(fd: server, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&entries, 2, -1) > 0 {
            for (place, other) in [(0, server), (1, client)] where entries[place].revents != 0 {
                let length = read(entries[place].fd, &buffer, buffer.count)
                guard length > 0 else { return }
                if place == 0 {
                    let statements = messages.statements(in: buffer[..<length])
                    count.withLock { count in
                        count.statements += statements
                        // What is sent without a statement is the greeting or the end.
                        if statements > 0, hasAnswered { count.roundTrips += 1 }
                    }
                    if statements > 0 { hasAnswered = false }
                } else {
                    hasAnswered = true
                }
                guard write(other, buffer, length) == length else { return }
                if place == 0, isLost(buffer[..<length]) {
                    // The server answers all that came together once it is committed.
                    _ = read(server, &buffer, buffer.count)
                    return
                }
            }
        }
    }

    /// Cuts what a program sends into messages: a letter but for the first, a length with itself, and what it says.
    private struct Messages {
        private var rest: [UInt8] = []
        private var isGreeted = false

        /// How many messages ask the server to run a statement.
        mutating func statements(in bytes: ArraySlice<UInt8>) -> Int {
            rest += bytes
            var count = 0
            while true {
                let head = isGreeted ? 1 : 0
                guard rest.count >= head + 4 else { return count }
                let length = rest[head..<head + 4].reduce(0) { $0 << 8 | Int($1) }
                guard rest.count >= head + length else { return count }
                if isGreeted, [UInt8(ascii: "E"), UInt8(ascii: "Q")].contains(rest[0]) { count += 1 }
                isGreeted = true
                rest.removeFirst(head + length)
            }
        }
    }
}
