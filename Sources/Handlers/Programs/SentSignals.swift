import CSpawn
import Platform
import TaskRun

/// Signals that ask this process to stop.
package enum SentSignals {
    /// Listens to signals on a thread of its own until the process ends; to be called once.
    ///
    /// A handler's program that sends one is killed, and its attempt has failed; the run goes on.
    ///
    /// - Parameters:
    ///   - numbers: The signals' numbers; they have no other effect from now on.
    ///   - hear: Called at each signal of another process, on that thread.
    /// - Returns: 0, or the error number if this process may have no more threads or descriptors.
    package static func listen(to numbers: [Int32], _ hear: @escaping @Sendable () -> Void) -> Int32 {
        let pipe = signals_catch(numbers, numbers.count)
        guard pipe >= 0 else { return errno }
        return BlockingThread.begin {
            var sent = sent_signal()
            let size = MemoryLayout.size(ofValue: sent)
            while true {
                let count = readBytes(pipe, &sent, size)
                if count < 0, errno == EINTR { continue }
                guard count == size else { return {} }
                if !HandlerSessions.end(sent.session) { hear() }
            }
        }
    }
}
