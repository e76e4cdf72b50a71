import TaskRun

/// What the tables refuse, in words: the name of each rule in the tables says what it requires.
enum ConstraintText {
    /// The words for a rule's name: `queue_is_1_to_200_characters_without_control_characters` asks that `queue must be
    /// 1 to 200 characters, without control characters`; nil for a name of another form.
    static func words(_ name: String) -> String? {
        if let match = name.wholeMatch(of: /([a-z_]+?)_begins_with_([a-z_]+)/) {
            return "\(match.output.1) must begin with \(match.output.2.replacing("_", with: " "))"
        }
        guard let match = name.wholeMatch(of: /([a-z_]+?)_is_([a-z0-9_]+)/) else { return nil }
        let rule = match.output.2
            .replacing(/_chars$/, with: "_characters")
            .replacing("_without_slash_or_", with: "_without_/_and_without_")
            .replacing("_without_star_or_", with: "_without_*_and_without_")
            .replacing("_", with: " ")
            .replacing("characters without", with: "characters, without")
            .replacing("not negative", with: "0 or more")
        let start = match.output.1 == "task_name" ? ", and not begin with . or -" : ""
        return "\(match.output.1) must be \(rule)\(start)"
    }

    /// A database's refusal in words, where it names one of the rules; else as it is.
    static func plain(_ cause: String) -> String {
        cause.firstMatch(of: /(?:constraint failed: |check constraint ")([a-z0-9_]+)/)
            .flatMap { words(String($0.output.1)) } ?? cause
    }
}
