import Text

/// A range as monitoring plugins have it: `10`, `10:`, `~:10`, `10:20`, or `@10:20`.
///
/// A number outside of it is an alarm; after `@` a number inside of it is one. The bounds belong to the range.
struct AlarmRange: Equatable {
    static let expected = "a range like 10, 10:, ~:10, 10:20 or @10:20"

    /// The least number, or nil for no bound.
    let least: Double?
    /// The greatest number, or nil for no bound.
    let greatest: Double?
    /// Whether the numbers inside are the alarm.
    let isInside: Bool

    private init(_ least: Double?, _ greatest: Double?, isInside: Bool = false) {
        (self.least, self.greatest, self.isInside) = (least, greatest, isInside)
    }

    /// Reads a range; nil for other text.
    init?(_ text: String) {
        isInside = text.hasPrefix("@")
        let parts = text.dropFirst(isInside ? 1 : 0).split(separator: ":", omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, parts.count <= 2, first != "" || last != "" else {
            return nil
        }
        func number(_ text: Substring) -> Double? { Double(text).flatMap { $0.isFinite ? $0 : nil } }
        if parts.count == 1 {
            guard let greatest = number(first), greatest >= 0 else { return nil }
            (self.least, self.greatest) = (0, greatest)
            return
        }
        guard first == "~" || first == "" || number(first) != nil, last == "" || number(last) != nil else { return nil }
        let bounds = (least: first == "~" ? nil : number(first) ?? 0, greatest: number(last))
        if let least = bounds.least, let greatest = bounds.greatest, least > greatest { return nil }
        (least, greatest) = bounds
    }

    /// An alarm for this number and more.
    static func from(_ least: Double) -> AlarmRange { AlarmRange(least, nil, isInside: true) }

    /// An alarm for more than this number.
    static func above(_ greatest: Double) -> AlarmRange { AlarmRange(0, greatest) }

    /// Whether this number is an alarm.
    func alarms(_ number: Double) -> Bool {
        let isIn = least.map { number >= $0 } ?? true && greatest.map { number <= $0 } ?? true
        return isIn == isInside
    }

    /// As plugins write it.
    var text: String {
        let end = greatest.map { Metric.write($0) }
        if !isInside, least == 0, let end { return end }
        return "\(isInside ? "@" : "")\(least.map { Metric.write($0) } ?? "~"):\(end ?? "")"
    }
}
