/// How far a handler is, in words: `1/2`, `3 resizing`.
enum ProgressText {
    /// Writes progress; nil where nothing was said.
    static func write(_ done: Int64?, _ total: Int64?, _ note: String?) -> String? {
        guard let done else { return nil }
        return "\(done)" + (total.map { "/\($0)" } ?? "") + (note.map { " \($0)" } ?? "")
    }
}
