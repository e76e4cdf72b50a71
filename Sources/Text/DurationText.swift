/// Durations as texts: as settings have them (`250ms`, `50s`, `10m`, `2h`, `1d`), and as people read them (`12 s`, `3
/// min`).
///
/// Settings refuse a bare number, because seconds and minutes would be mixed up.
package enum DurationText {
    package static let expected = "a number with a unit: 250ms, 50s, 10m, 2h or 1d"
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// Reads a duration; returns nil for any other text.
    ///
    /// A fraction is written in a smaller unit.
    package static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        guard let number = Int64(digits), let factor = units.first(where: { $0.name == unit })?.milliseconds else {
            return nil
        }
        let (milliseconds, isTooLarge) = number.multipliedReportingOverflow(by: factor)
        return isTooLarge ? nil : .milliseconds(milliseconds)
    }

    /// Writes a duration in the largest unit that gives a whole number; fractions of a millisecond are dropped.
    package static func write(_ duration: Duration) -> String {
        let milliseconds = Int64(duration / .milliseconds(1))
        let unit = units.last { milliseconds % $0.milliseconds == 0 && milliseconds >= $0.milliseconds }
        return unit.map { "\(milliseconds / $0.milliseconds)\($0.name)" } ?? "\(milliseconds)ms"
    }

    /// For people, exactly, in seconds or whole hours: `0.25 s`, `90 s`, `1 h`.
    package static func exact(_ duration: Duration) -> String {
        let seconds = duration / .seconds(1)
        if seconds >= 3600, seconds.truncatingRemainder(dividingBy: 3600) == 0 { return "\(Int(seconds / 3600)) h" }
        return seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
    }

    /// For people, rounded to one unit: `0.3 s`, `12 s`, `3 min`, `5 h`, `4 d`; a negative one counts as zero.
    package static func rounded(_ duration: Duration) -> String {
        let seconds = max(0, duration / .seconds(1))
        return switch seconds {
        case ..<9.95 where seconds != seconds.rounded(): "\((seconds * 10).rounded() / 10) s"
        case ..<90: "\(Int(seconds.rounded())) s"
        case ..<5400: "\(Int((seconds / 60).rounded())) min"
        case ..<172_800: "\(Int((seconds / 3600).rounded())) h"
        default: "\(Int((seconds / 86_400).rounded())) d"
        }
    }

    /// An age, rounded down, in the largest unit of which there are at least two: `0 s`, `100 s`, `5 min`, `47 h`, `3
    /// d`.
    package static func age(_ duration: Duration) -> String {
        let seconds = max(0, duration.components.seconds)
        let longer: [(length: Int64, unit: String)] = [(86_400, "d"), (3600, "h"), (60, "min")]
        let (length, unit) = longer.first { seconds >= 2 * $0.length } ?? (1, "s")
        return "\(seconds / length) \(unit)"
    }

    /// How long a handler took, with at most three decimals: `0.004 s`, `1.25 s`, `61.3 s`.
    package static func taken(_ duration: Duration) -> String {
        let seconds = max(0, duration / .seconds(1))
        let scale = seconds < 1 ? 1000.0 : seconds < 10 ? 100.0 : 10.0
        let places = seconds < 1 ? 3 : seconds < 10 ? 2 : 1
        let number = "\((seconds * scale).rounded() / scale)"
        let missing = places - (number.split(separator: ".").last?.count ?? 0)
        return number + String(repeating: "0", count: max(0, missing)) + " s"
    }
}
