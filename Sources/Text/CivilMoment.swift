/// A moment in UTC as year, month, day and time of day, in the Gregorian calendar, extended without limit in both
/// directions.
///
/// Not by a format style: the first use of one reads a catalogue of time zones and calendars, which costs a run with
/// nothing to do more than all the rest.
package struct CivilMoment {
    package let year, month, day: Int
    package let hour, minute, second: Int
    /// The rest of the second, in the unit that was counted.
    package let fraction: Int
    /// Days since Sunday: 0 to 6.
    package let weekday: Int

    /// Creates a moment from a count of parts of a second since 1970-01-01, where a second has `parts` of them: 1,000
    /// for milliseconds.
    package init(_ count: Int, parts: Int) {
        let (days, time) = count.divided(by: 86_400 * parts)
        // After Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013), civil_from_days. A year is
        // counted from March, in eras of 400 years, so that leap days come last.
        let (era, dayOfEra) = (days + 719_468).divided(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (shiftedMonth < 10 ? 0 : 1)
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let seconds = time / parts
        (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        fraction = time % parts
        weekday = (days + 4).divided(by: 7).1
    }

    /// Days since 1970-01-01, after the same source, days_from_civil.
    package static func days(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = year.divided(by: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// `2030-12-31`.
    package var date: String { "\(Self.pad(year, 4))-\(Self.pad(month, 2))-\(Self.pad(day, 2))" }

    /// `23:59:59`.
    package var clock: String { "\(Self.pad(hour, 2)):\(Self.pad(minute, 2)):\(Self.pad(second, 2))" }

    /// A number with zeros before it.
    package static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Int {
    /// Quotient and remainder, the remainder never negative.
    fileprivate func divided(by divisor: Int) -> (Int, Int) {
        let remainder = self % divisor
        return remainder < 0 ? (self / divisor - 1, remainder + divisor) : (self / divisor, remainder)
    }
}
