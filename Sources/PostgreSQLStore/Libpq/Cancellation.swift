import CPostgreSQL
import Dispatch
import Platform
import TaskRun

/// Stops a statement that is under way.
enum Cancellation {
    /// How long a server may take to answer a cancellation before the connection is given up.
    static let patience: Duration = .seconds(5)

    private static let queue = DispatchQueue(label: "taskrun.postgresql.cancel", attributes: .concurrent)

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

extension Bell {
    /// A new one, or the reason why it cannot be had.
    static func opened() throws(PostgreSQLFailure) -> Bell {
        guard let bell = Bell() else {
            throw PostgreSQLFailure(.other, message: "cannot wait: \(String(cString: strerror(errno)))")
        }
        return bell
    }
}
