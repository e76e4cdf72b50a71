import CPostgreSQL
import Dispatch
import Platform
import TaskRun

/// Stops a statement in progress.
enum Cancellation {
    /// How long a server may take to answer a cancellation before the connection is given up.
    static let patience: Duration = .seconds(5)

    private static let queue = DispatchQueue(label: "taskrun.postgresql.cancel", attributes: .concurrent)

    /// Asks the server to cancel what it does for this connection, without waiting for it.
    ///
    /// PQcancel opens a connection of its own and has no time limit, so it runs on a queue on which nothing waits.
    /// libpq allows that: it uses a copy of what it needs.
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

extension WakeUp {
    /// Opens a wake-up, or throws why there is none.
    static func opened() throws(PostgreSQLFailure) -> WakeUp {
        guard let wakeUp = WakeUp() else {
            throw PostgreSQLFailure(.other, message: "cannot wait: \(String(cString: strerror(errno)))")
        }
        return wakeUp
    }

    /// Runs an operation; a cancellation wakes it.
    func waking<Value: Sendable, Failure: Error>(
        _ operation: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result = await withTaskCancellationHandler { () -> Result<Value, Failure> in
            do throws(Failure) { return .success(try await operation()) } catch { return .failure(error) }
        } onCancel: {
            wake()
        }
        return try result.get()
    }
}
