import Foundation

/// Moments as this store writes them: `2026-01-31 13:45:00.250`, UTC, as the columns' defaults do.
enum SQLiteTime {
    private static let style = Date.ISO8601FormatStyle(timeZone: .gmt)
        .year().month().day()
        .dateTimeSeparator(.space)
        .time(includingFractionalSeconds: true)

    static func text(_ date: Date) -> String { date.formatted(style) }

    /// A moment this long after another; at most 366 days, so that the text stays a date that SQLite understands.
    static func text(_ date: Date, after delay: Duration) -> String {
        let clamped = min(max(delay, .zero), .seconds(366 * 86400))
        return text(date.addingTimeInterval(clamped / .seconds(1)))
    }

    /// A moment from a Julian day number, as `julianday()` gives it.
    static func date(julianDay: Double) -> Date {
        Date(timeIntervalSince1970: ((julianDay - 2_440_587.5) * 86_400_000).rounded() / 1000)
    }
}
