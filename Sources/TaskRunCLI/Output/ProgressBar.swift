/// A progress line: what is being done, how far it is, and how fast it goes.
struct ProgressBar: Sendable {
    /// How wide the bar is, in columns.
    static let width = 20
    /// What is being done: `Adding`.
    let doing: String

    /// The line.
    ///
    /// - Parameters:
    ///   - count: How many are done.
    ///   - total: How many there are, or nil if that is not known.
    ///   - part: How much is done, 0...1, if only that is known, or nil for `count` of `total`.
    ///   - time: How long it took so far.
    /// - Returns: `Adding    ████████░░░░░░░░░░░░  40 %   80,000 of 200,000   65,300/s`.
    func line(_ count: Int, of total: Int? = nil, part: Double? = nil, after time: Duration) -> String {
        var words = [doing.padded(10)]
        if let part = part ?? total.map({ Double(count) / Double(max($0, 1)) }) {
            words.append(Self.bar(part))
        }
        words.append(CountText.write(count) + (total.map { " of \(CountText.write($0))" } ?? ""))
        words.append("\(CountText.write(CountText.rate(count, in: time)))/s")
        return words.joined(separator: "  ")
    }

    /// The bar and the percentage of a part, 0...1.
    static func bar(_ part: Double) -> String {
        blocks(part, width) + "  " + "\(percent(part))".padded(3, onRight: false) + " %"
    }

    /// The bar alone, of so many columns.
    static func blocks(_ part: Double, _ width: Int) -> String {
        let full = Int(min(max(part, 0), 1) * Double(width))
        return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
    }

    /// A part, 0...1, in hundredths.
    static func percent(_ part: Double) -> Int { Int(min(max(part, 0), 1) * 100) }
}
