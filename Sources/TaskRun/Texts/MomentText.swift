#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

/// Moments as texts, always UTC when written.
package enum MomentText {
    package static let expected = "2030-12-31T23:59:59Z, 2030-12-31T23:59:59+02:00, or 2030-12-31 23:59:59 (UTC)"

    /// ISO 8601 to the millisecond, for programs: `2030-12-31T23:59:59.000Z`.
    package static func iso(_ date: Date) -> String {
        let (day, time, milliseconds) = parts(date)
        return "\(day)T\(time).\(pad(milliseconds, 3))Z"
    }

    /// To the second, for people: `2030-12-31 23:59:59`.
    package static func plain(_ date: Date) -> String {
        let (day, time, _) = parts(date)
        return "\(day) \(time)"
    }

    /// Reads a date with a time, in the forms of ISO 8601 that people write; without an offset it is UTC.
    ///
    /// A date alone is its first moment. Nil for anything else, also for a 31st of February.
    package static func parse(_ text: String) -> Date? {
        let pattern = #/(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?\s?(Z|z|[+-]\d\d:?\d\d)?)?/#
            .asciiOnlyDigits()
        guard let match = text.trimmed.wholeMatch(of: pattern)?.output else { return nil }
        func number(_ part: Substring?) -> Int { part.flatMap { Int($0) } ?? 0 }
        let (year, month, day) = (number(match.1), number(match.2), number(match.3))
        let (hour, minute, second) = (number(match.4), number(match.5), number(match.6))
        guard (1...12).contains(month), (1...daysIn(month: month, of: year)).contains(day),
            hour < 24, minute < 60, second < 60, let offset = seconds(ofOffset: match.8)
        else { return nil }
        let whole = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        return Date(timeIntervalSince1970: Double(whole) + (match.7.flatMap { Double("0\($0)") } ?? 0))
    }

    private static func seconds(ofOffset text: Substring?) -> Int? {
        guard let text, text.uppercased() != "Z" else { return 0 }
        let digits = text.dropFirst().filter(\.isNumber)
        guard let hours = Int(digits.prefix(2)), let minutes = Int(digits.suffix(2)), hours < 24, minutes < 60 else {
            return nil
        }
        return (text.hasPrefix("-") ? -1 : 1) * (hours * 3600 + minutes * 60)
    }

    private static func daysIn(month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Days since 1970-01-01, after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013).
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The way back, after the same source.
    private static func parts(_ date: Date) -> (day: String, time: String, milliseconds: Int) {
        let all = Int((date.timeIntervalSince1970 * 1000).rounded())
        let (days, rest) = (all.floorDivided(by: 86_400_000), all.floorRemainder(by: 86_400_000))
        let shifted = days + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let seconds = rest / 1000
        return (
            "\(pad(year, 4))-\(pad(month, 2))-\(pad(day, 2))",
            "\(pad(seconds / 3600, 2)):\(pad(seconds / 60 % 60, 2)):\(pad(seconds % 60, 2))",
            rest % 1000
        )
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Int {
    fileprivate func floorDivided(by divisor: Int) -> Int { self / divisor - (self % divisor < 0 ? 1 : 0) }
    fileprivate func floorRemainder(by divisor: Int) -> Int { self % divisor + (self % divisor < 0 ? divisor : 0) }
}
