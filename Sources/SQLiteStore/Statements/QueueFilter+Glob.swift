import TaskRun

extension QueueFilter {
    /// The queues that the filter asks for, as a JSON list of GLOB patterns.
    var globs: String { words.map(Self.glob).json }

    /// The queues that the filter leaves out, as a JSON list of GLOB patterns.
    var exceptGlobs: String { except.map(Self.glob).json }

    /// Puts `?` and `[` in brackets, in which GLOB takes them literally.
    private static func glob(_ word: String) -> String {
        word.map { "?[".contains($0) ? "[\($0)]" : String($0) }.joined()
    }
}
