import TaskRun

/// Whether an answer of a session could not be read: its bytes were changed on the way, or the server is not what it says it is.
///
/// The reader goes on with nothing in its place. The session then sends nothing more, and the call fails as if the connection had been
/// lost: nothing that was read comes out of it. A class: a session and its results share it.
final class Misreading {
    var isNoted = false

    /// What is said of it.
    static let failure = PostgreSQLFailure(
        .unreachable,
        message: "the server's answer cannot be read: it was changed on the way, or is not PostgreSQL's"
    )
}
