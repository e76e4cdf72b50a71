import Platform
import TaskRun

/// Ends the process if it stands still because the machine gives it no more threads.
///
/// Swift's runtime then waits for a thread for ever, and SIGTERM is not noticed either. The next run recovers the tasks
/// that this run held, as after any other death.
enum RunWatch {
    static let advice =
        "Raise the limit of processes (ulimit -u, or that of the container or service), or of memory (ulimit -v)."
    /// How long the run may show no pulse before it is checked; a run beats once a second.
    private static let patience = Duration.seconds(5)
    /// How many seconds in a row no thread was to be had.
    private static let limit = 5

    /// Beats while the run of this process goes on.
    static let pulse = RunPulse()

    /// Watches from a thread of its own until the process ends.
    ///
    /// - Returns: 0, or the error number where there is no thread for that.
    static func begin() -> Int32 {
        BlockingThread.begin {
            watch()
            return {}
        }
    }

    private static func watch() {
        var missed = 0
        while true {
            sleep(1)
            guard pulse.silence > patience, !BlockingThread.isAvailable() else {
                missed = 0
                continue
            }
            missed += 1
            guard missed >= limit else { continue }
            let text = "Error: taskrun cannot continue, because this process gets no more threads. \(advice)\n"
            _ = text.utf8.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) }
            _exit(ExitStatus.tryAgain.rawValue)
        }
    }
}
