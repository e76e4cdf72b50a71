/// What a store has to say while it works.
public enum StoreNotice: Sendable, Equatable {
    /// It waits for somebody: for people who look on.
    case waiting(String)
    /// What was written is there, and something about it is not as it should be: for a person.
    case warning(String)
}
