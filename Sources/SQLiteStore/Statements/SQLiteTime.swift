import Foundation
import TaskRun
import Text

/// Writes moments as the columns' defaults do: `2026-01-31 13:45:00.250`, in UTC.
enum SQLiteTime {
    static func text(_ date: Date) -> String {
        let moment = CivilMoment(Int((date.timeIntervalSince1970 * 1000).rounded()), parts: 1000)
        return "\(moment.date) \(moment.clock).\(CivilMoment.pad(moment.fraction, 3))"
    }

    /// The moment `delay` after another, at most 366 days, so that SQLite still understands the text as a date.
    static func text(_ date: Date, after delay: Duration) -> String {
        let clamped = min(max(delay, .zero), .seconds(366 * 86400))
        return text(date.addingTimeInterval(clamped / .seconds(1)))
    }

    /// The moment `delay` from now, as a new task asks for; at most ten centuries, for the same reason.
    static func fromNow(_ delay: Duration) -> String {
        let clamped = min(max(delay, .zero), .seconds(1000 * 366 * 86400))
        return text(Date().addingTimeInterval(clamped / .seconds(1)))
    }

    /// The moment of a Julian day number, as `julianday()` returns it.
    static func date(julianDay: Double) -> Date {
        Date(timeIntervalSince1970: ((julianDay - 2_440_587.5) * 86_400_000).rounded() / 1000)
    }

    /// The Julian day number of a moment.
    static func julianDay(_ date: Date) -> Double { date.timeIntervalSince1970 / 86_400 + 2_440_587.5 }
}
