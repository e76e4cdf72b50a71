import TaskRun

extension QueueFilter {
    /// Its words as a list of patterns for GLOB, in JSON.
    var globs: String { SQLiteJSON.text(words.map(Self.glob)) }

    /// Its exceptions as such a list.
    var exceptGlobs: String { SQLiteJSON.text(except.map(Self.glob)) }

    /// A question mark and an opening bracket mean something to GLOB; in brackets they do not.
    private static func glob(_ word: String) -> String {
        word.map { "?[".contains($0) ? "[\($0)]" : String($0) }.joined()
    }
}
