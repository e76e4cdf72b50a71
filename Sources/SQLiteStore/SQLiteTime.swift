import Foundation
import TaskRun
import Text

/// Moments as this store writes them: `2026-01-31 13:45:00.250`, UTC, as the columns' defaults do.
enum SQLiteTime {
    static func text(_ date: Date) -> String {
        let moment = CivilMoment(Int((date.timeIntervalSince1970 * 1000).rounded()), parts: 1000)
        return "\(moment.date) \(moment.clock).\(CivilMoment.pad(moment.fraction, 3))"
    }

    /// A moment this long after another; at most 366 days, so that the text stays a date that SQLite understands.
    static func text(_ date: Date, after delay: Duration) -> String {
        let clamped = min(max(delay, .zero), .seconds(366 * 86400))
        return text(date.addingTimeInterval(clamped / .seconds(1)))
    }

    /// A moment this long from now, as somebody asks for it; at most ten centuries, for the same reason.
    private static func fromNow(_ delay: Duration) -> String {
        let clamped = min(max(delay, .zero), .seconds(1000 * 366 * 86400))
        return text(Date().addingTimeInterval(clamped / .seconds(1)))
    }

    /// The `run_at` that a new task asks for; nil: the column's default.
    static func runAt(_ task: NewTask) -> String? {
        task.delay.map(fromNow) ?? task.runAt.map { text($0) }
    }

    /// The `expires_at` that a new task asks for.
    static func expiresAt(_ task: NewTask) -> String? {
        task.expiresAfter.map(fromNow) ?? task.expiresAt.map { text($0) }
    }

    /// A moment from a Julian day number, as `julianday()` gives it.
    static func date(julianDay: Double) -> Date {
        Date(timeIntervalSince1970: ((julianDay - 2_440_587.5) * 86_400_000).rounded() / 1000)
    }

    /// The Julian day number of a moment.
    static func julianDay(_ date: Date) -> Double { date.timeIntervalSince1970 / 86_400 + 2_440_587.5 }
}
