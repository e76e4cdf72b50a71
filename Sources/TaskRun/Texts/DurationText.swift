/// Durations as people write them: `250ms`, `50s`, `10m`, `2h`, `1d`.
///
/// A bare number is refused: seconds and minutes would be mixed up.
package enum DurationText {
    package static let expected = "a number with a unit: 250ms, 50s, 10m, 2h or 1d"
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// Reads a duration; nil for any other text.
    ///
    /// Fractions are written with a smaller unit.
    package static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        guard let number = Int64(digits), let factor = units.first(where: { $0.name == unit })?.milliseconds else {
            return nil
        }
        let (milliseconds, isTooLarge) = number.multipliedReportingOverflow(by: factor)
        return isTooLarge ? nil : .milliseconds(milliseconds)
    }

    /// Writes a duration with the largest unit that leaves a whole number; below a millisecond nothing is left.
    package static func write(_ duration: Duration) -> String {
        let milliseconds = Int64(duration / .milliseconds(1))
        let unit = units.last { milliseconds % $0.milliseconds == 0 && milliseconds >= $0.milliseconds }
        return unit.map { "\(milliseconds / $0.milliseconds)\($0.name)" } ?? "\(milliseconds)ms"
    }
}
