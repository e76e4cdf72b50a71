/// How long a look that a person waits for may take: a statement on PostgreSQL; on SQLite all of the look, in processor
/// time.
package enum LookLimit {
    /// The limit.
    package static let time = Duration.seconds(2)
    /// Why a look was given up.
    package static let cause = "this took longer than 2 s, the limit for looking, and was stopped"
    /// What to do about it.
    package static let advice = """
        Nothing was changed. Choose fewer tasks, as with --status and --name, or try again when the database is less \
        busy.
        """
}

extension StoreError {
    /// The error of a look that was given up.
    package static func late(_ subject: String) -> StoreError {
        StoreError(.locked, subject: subject, cause: LookLimit.cause, advice: LookLimit.advice)
    }
}
