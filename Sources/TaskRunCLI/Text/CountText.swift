/// Counts as people read them: `65,500`.
enum CountText {
    /// A whole number with a comma after each three digits.
    static func write(_ count: Int) -> String {
        let digits = Array(String(count.magnitude))
        let groups = digits.indices.map { index in
            (index > 0 && (digits.count - index) % 3 == 0 ? "," : "") + String(digits[index])
        }
        return (count < 0 ? "-" : "") + groups.joined()
    }

    /// A number with a comma after each three digits, and `+` if there are more.
    static func write(_ count: Int, isPartial: Bool) -> String { write(count) + (isPartial ? "+" : "") }

    /// `1 task`, `65,500 tasks`.
    static func tasks(_ count: Int) -> String { "\(write(count)) task\(count == 1 ? "" : "s")" }

    /// How many a second, to a whole number; 0 where no time has passed.
    static func rate(_ count: Int, in time: Duration) -> Int {
        time > .zero ? Int((Double(count) / (time / .seconds(1))).rounded()) : 0
    }
}
