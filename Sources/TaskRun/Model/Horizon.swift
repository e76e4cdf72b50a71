public import Platform

/// What keeps a database from cleaning up deleted rows, as its store describes it.
public struct Horizon: Sendable, Equatable {
    /// What holds it, as a word for programs: `session`.
    public var kind: String
    /// The name of a holder that is no session.
    public var name: String?
    /// The number of the server's process, of a session.
    public var processID: Int64?
    /// The role of a session.
    public var role: String?
    /// What the program of a session calls itself.
    public var application: String?
    /// The address a session comes from, or nil for the server's own machine.
    public var client: String?
    /// What the holder does, in the server's words.
    public var state: String?
    /// Since when it is held, or nil where that is not known.
    public var start: Date?
    /// For how long it is held, on the server's clock.
    public var age: Duration?
    /// Whether it is held for so long that a person should look.
    public let isLong: Bool
    /// Who holds it, for how long, and why that matters: half a sentence, without a full stop.
    public let sentence: String
    /// How to end it, or nil where there is no advice.
    public let advice: String?

    /// Creates one from what is known of every holder.
    public init(kind: String, isLong: Bool, sentence: String, advice: String?) {
        (self.kind, self.isLong, self.sentence, self.advice) = (kind, isLong, sentence, advice)
    }
}
