/// The state of a task, in the words of the column `status`.
public enum TaskStatus: String, Sendable, CaseIterable, Codable {
    /// To be performed once `run_at` has come.
    case waiting = "WAITING"
    /// Held by a run, under a lease.
    case processing = "PROCESSING"
    /// Given up; a person looks at it and runs it again with `taskrun retry`.
    case failed = "FAILED"
}
