/// How far a handler is, in words: `1/2`, `3 resizing`.
enum ProgressText {
    /// The words for progress, or nil if none was reported.
    static func write(_ done: Int64?, _ total: Int64?, _ note: String?) -> String? {
        guard let done else { return nil }
        return "\(done)" + (total.map { "/\($0)" } ?? "") + (note.map { " \($0)" } ?? "")
    }
}
