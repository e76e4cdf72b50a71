import TaskRun

/// Whether an answer of a session could not be read: its bytes were changed on the way, or the server is not what it
/// says it is.
///
/// The reader goes on with an empty value. The session then sends nothing more, and the call fails as if the connection
/// had been lost: nothing that was read is used.
///
/// A class: a session and its results share it.
final class Misreading {
    var isNoted = false

    /// The failure of such a session.
    static let failure = PostgreSQLFailure(
        .unreachable,
        message: "the server's answer cannot be read: it was changed on the way, or is not PostgreSQL's"
    )
}
