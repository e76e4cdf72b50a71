/// Sizes as people write them: `65536`, `64KB`, `1MB`; a KB is 1,024 bytes.
enum SizeText {
    private static let units: [(name: String, bytes: Int)] = [("MB", 1 << 20), ("KB", 1 << 10), ("", 1)]

    /// Reads a size in bytes, or returns nil for any other text.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).uppercased()
        guard let number = Int(digits), let factor = units.first(where: { $0.name == unit })?.bytes else { return nil }
        let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: factor)
        return isTooLarge ? nil : bytes
    }

    /// Writes a size with the largest unit that leaves a whole number.
    static func write(_ bytes: Int) -> String {
        let unit = units.first { bytes >= $0.bytes && bytes % $0.bytes == 0 }
        return unit.map { "\(bytes / $0.bytes)\($0.name)" } ?? "\(bytes)"
    }
}
