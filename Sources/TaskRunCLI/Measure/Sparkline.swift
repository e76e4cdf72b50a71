/// Numbers over time as a line of bars: `▁▂▅█▃`.
enum Sparkline {
    private static let bars = Array("▁▂▃▄▅▆▇█")

    /// The line; the highest bar is the greatest number, and a blank is none.
    ///
    /// - Parameters:
    ///   - numbers: The numbers, the oldest first.
    ///   - width: The most columns; neighbours are summed up to fit.
    /// - Returns: The line, without colour.
    static func draw(_ numbers: [Int64], width: Int) -> String {
        guard width > 0, !numbers.isEmpty else { return "" }
        let size = (numbers.count + width - 1) / width
        let sums = stride(from: 0, to: numbers.count, by: size).map { start in
            numbers[start..<min(start + size, numbers.count)].reduce(0, &+)
        }
        guard let most = sums.max(), most > 0 else { return "" }
        return String(
            sums.map { sum in
                guard sum > 0 else { return " " }
                return bars[min(bars.count - 1, Int(Double(sum) / Double(most) * Double(bars.count)))]
            }
        )
    }
}
