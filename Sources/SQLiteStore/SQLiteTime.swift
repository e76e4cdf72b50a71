import Foundation
import TaskRun

/// Moments as this store writes them: `2026-01-31 13:45:00.250`, UTC, as the columns' defaults do.
enum SQLiteTime {
    // Not by a format style: the first use of one reads a catalogue of time zones and calendars, which costs a run with
    // nothing to do more than all the rest.
    static func text(_ date: Date) -> String {
        let total = Int((date.timeIntervalSince1970 * 1000).rounded())
        let (days, milliseconds) = total.divided(by: 86_400_000)
        // A year is counted from March, in eras of 400 years, so that leap days come last.
        let (era, day) = (days + 719_468).divided(by: 146_097)
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let date = [
            pad(era * 400 + year + (month < 10 ? 0 : 1), 4), pad(month < 10 ? month + 3 : month - 9, 2),
            pad(dayOfYear - (153 * month + 2) / 5 + 1, 2),
        ].joined(separator: "-")
        let seconds = milliseconds / 1000
        let time = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { pad($0, 2) }.joined(separator: ":")
        return "\(date) \(time).\(pad(milliseconds % 1000, 3))"
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
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

extension Int {
    /// Quotient and remainder, the remainder never negative.
    fileprivate func divided(by divisor: Int) -> (Int, Int) {
        let remainder = ((self % divisor) + divisor) % divisor
        return ((self - remainder) / divisor, remainder)
    }
}
