import TaskRun
import Text

/// How a value is written: what is accepted, and how an error says what was expected.
struct ValueForm<Value: Sendable>: Sendable {
    /// What is expected, to follow the word "expected".
    let expected: String
    /// Reads the text, or returns nil for what is not expected.
    let read: @Sendable (String) -> Value?
}

extension ValueForm where Value == String {
    /// Any text but an empty one.
    static func text(_ expected: String) -> Self {
        Self(expected: expected) { $0.isEmpty ? nil : $0 }
    }
}

extension ValueForm where Value == Int {
    /// A whole number in a range.
    static func number(_ range: ClosedRange<Int>) -> Self {
        Self(expected: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A size in bytes.
    static func size(_ range: ClosedRange<Int>) -> Self {
        let span = "\(SizeText.write(range.lowerBound)) to \(SizeText.write(range.upperBound))"
        return Self(expected: "a size from \(span), like 65536, 64KB or 1MB") { text in
            SizeText.parse(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueForm where Value == Duration {
    /// A duration in a range; a bare number is answered with the advice to write a unit.
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        let span = "\(DurationText.write(range.lowerBound)) to \(DurationText.write(range.upperBound))"
        return Self(expected: "a duration from \(span), written as \(DurationText.expected)") { text in
            DurationText.parse(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension ValueForm where Value: CaseIterable & RawRepresentable<String> {
    /// One of a few words.
    static var word: Self {
        let words = Value.allCases.map(\.rawValue)
        return Self(expected: "one of \(words.joined(separator: ", "))") { Value(rawValue: $0) }
    }
}

/// One thing that can be set, for those who list settings: the value's type does not matter to them.
protocol SettingDescription: Sendable {
    /// The key in the file, its parts joined by dots: `mail.outbox`.
    var key: String { get }
    /// What is expected.
    var expected: String { get }
    /// Whether the environment may say it.
    var isInEnvironment: Bool { get }
    /// Whether the value may hold a secret: then it is never shown.
    var isSecret: Bool { get }
}

extension SettingDescription {
    /// The environment variable: `TASKRUN_MAIL_OUTBOX`.
    var variable: String { "TASKRUN_" + key.uppercased().map { $0 == "." ? "_" : String($0) }.joined() }
    /// The flag, where the command line has one.
    var flag: String { "--" + key.map { $0 == "_" || $0 == "." ? "-" : String($0) }.joined() }
}

/// One thing that can be set, with the type of its value.
struct Setting<Value: Sendable>: SettingDescription {
    let key: String
    let form: ValueForm<Value>
    let isInEnvironment: Bool
    let isSecret: Bool
    var expected: String { form.expected }

    init(_ key: String, _ form: ValueForm<Value>, isInEnvironment: Bool = true, isSecret: Bool = false) {
        self.key = key
        self.form = form
        self.isInEnvironment = isInEnvironment
        self.isSecret = isSecret
    }
}
