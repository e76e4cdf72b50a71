/// The state of a task: the words that stand in the column `status`.
public enum TaskStatus: String, Sendable, CaseIterable, Codable {
    /// To be performed once `run_at` has come.
    case waiting = "WAITING"
    /// In a run's hand, under a lease.
    case processing = "PROCESSING"
    /// Given up; a person looks at it and sends it back with `taskrun retry`.
    case failed = "FAILED"
}
