import ArgumentParser
import TaskRun
import Text

/// A word on the command line that is one of a few.
enum ArgumentWord {
    /// The value of the word.
    ///
    /// - Throws: ValidationError that says which words there are, and which one was probably meant.
    static func read<Value: CaseIterable & RawRepresentable<String>>(_ word: String) throws(ValidationError) -> Value {
        if let value = Value(rawValue: word) { return value }
        let known = Value.allCases.map(\.rawValue)
        let nearest = Spelling.nearest(to: word, among: known).map { "Did you mean \"\($0)\"? " } ?? ""
        throw ValidationError("\(nearest)Known are: \(known.joined(separator: ", ")).")
    }

    /// A length of time.
    ///
    /// - Throws: ValidationError for text that is none.
    static func age(_ text: String) throws(ValidationError) -> Duration {
        guard let age = DurationText.parse(text) else {
            throw ValidationError("\(text) is no length of time: expected \(DurationText.expected).")
        }
        return age
    }

    /// Refuses names that are empty: an empty variable of a script names nothing.
    static func refuseEmpty(_ options: [(name: String, value: String?)]) throws {
        for option in options where option.value?.isEmpty == true {
            throw ValidationError("\(option.name) is empty: expected a name.")
        }
    }
}
