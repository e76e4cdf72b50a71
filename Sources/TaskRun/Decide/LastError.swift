import Text

/// The text that goes into the column `last_error`.
public enum LastError {
    /// The longest text, in bytes.
    public static let limit = 8 * 1024

    /// Makes a text fit: no NUL characters (PostgreSQL cannot store them), at most ``limit`` bytes, cut at a scalar's end.
    public static func fit(_ text: String) -> String { fit(text, leaving: 0) }

    /// The same, with room for so many bytes more.
    static func fit(_ text: String, leaving room: Int) -> String {
        // Cut first: what is left out is not looked at.
        let short = BoundedText.fit(text, bytes: limit - room)
        guard short.utf8.contains(0) else { return short }
        let scalars = short.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }
        return BoundedText.fit(String(String.UnicodeScalarView(scalars)), bytes: limit - room)
    }

    /// What is said of a task whose run died: who, since when it is known, why it is thought so.
    ///
    /// - Parameters:
    ///   - owner: The text of the owner.
    ///   - reason: Why the run is thought dead: `its process is gone`, `its lease ended at …`.
    ///   - crashes: Crashes in a row, this one included.
    ///   - limit: The number at which the task is FAILED.
    ///   - now: When it was seen.
    /// - Returns: One sentence.
    public static func crash(owner: String?, reason: String, crashes: Int, limit: Int, now: String) -> String {
        let count = crashes >= limit ? "\(crashes) times in a row, given up" : "crash \(crashes) of \(limit) in a row"
        return
            "\(RunIdentity.describe(owner: owner)) died with this task in hand (\(reason), seen \(now) UTC; \(count))"
    }
}
