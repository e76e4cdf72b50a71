import Foundation

/// A port of 127.0.0.1 that takes connections and then says nothing, as a machine that hangs does.
public final class SilentListener: Sendable {
    /// The port.
    public let port: Int
    private let listener: Int32

    /// Begins to listen.
    ///
    /// - Throws: ``Command/Failure`` where no port is free.
    public init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        // Nobody accepts: the kernel does, as long as there is room in the queue.
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { general in
                bind(listener, general, length) == 0 && getsockname(listener, general, &length) == 0
                    && listen(listener, 16) == 0
            }
        }
        guard isListening else { throw Command.Failure(description: "no free port on 127.0.0.1") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(listener) }
}
