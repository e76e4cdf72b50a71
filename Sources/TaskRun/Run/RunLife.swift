/// Whether a run is alive, as far as one host can see.
public enum RunLife: String, Sendable {
    /// Its process is there.
    case alive
    /// Its process is gone, or this machine has restarted since.
    case dead
    /// It is on another host or in another container, or the text is no run's.
    case unknown
}
