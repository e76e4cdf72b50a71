/// A message from a store while it works.
public enum StoreNotice: Sendable, Equatable {
    /// It waits for another program; for people who watch.
    case waiting(String)
    /// The change was written, and something about it is wrong; for a person.
    case warning(String)
}
