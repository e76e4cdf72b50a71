import CPostgreSQL
import Dispatch
import TaskRun

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Stops a statement that is under way on another thread.
///
/// A class: it owns a pipe, at which the waiting thread looks beside its socket.
final class Interrupt: Sendable {
    /// How long a server may take to answer a cancellation before the connection is given up.
    static let patience: Duration = .seconds(5)

    private static let queue = DispatchQueue(label: "taskrun.postgresql.cancel", attributes: .concurrent)
    private let input: Int32
    let output: Int32

    /// Opens the pipe.
    init() throws(PostgreSQLFailure) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else {
            throw PostgreSQLFailure(.other, message: "cannot open a pipe: \(String(cString: strerror(errno)))")
        }
        (output, input) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    deinit {
        close(input)
        close(output)
    }

    /// Asks for the statement to be stopped; may be called at any time, from anywhere.
    func signal() {
        var byte: UInt8 = 1
        _ = write(input, &byte, 1)
    }

    /// Whether ``signal()`` was called.
    var isSignalled: Bool { Readiness.wait(on: output, atMost: .zero) == .ready }

    /// Asks the server to cancel what it does for this connection, without waiting for it.
    ///
    /// PQcancel opens a connection of its own and has no time limit, so it is left to a queue on which nothing waits.
    /// libpq allows that: the pointer it uses is to a copy of what it needs.
    static func cancel(_ handle: OpaquePointer) {
        guard let request = PQgetCancel(handle) else { return }
        let address = UInt(bitPattern: request)
        queue.async {
            let request = OpaquePointer(bitPattern: address)
            var message = [CChar](repeating: 0, count: 256)
            _ = PQcancel(request, &message, Int32(message.count))
            PQfreeCancel(request)
        }
    }
}
