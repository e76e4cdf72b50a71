package import Platform

/// Moments as texts, always UTC when written.
package enum MomentText {
    package static let expected = "2030-12-31T23:59:59Z, 2030-12-31T23:59:59+02:00, or 2030-12-31 23:59:59 (UTC)"

    /// ISO 8601 to the millisecond, for programs: `2030-12-31T23:59:59.000Z`.
    package static func iso(_ date: Date) -> String {
        let moment = moment(date)
        return "\(moment.date)T\(moment.clock).\(CivilMoment.pad(moment.fraction, 3))Z"
    }

    /// To the second, for people: `2030-12-31 23:59:59`.
    package static func plain(_ date: Date) -> String {
        let moment = moment(date)
        return "\(moment.date) \(moment.clock)"
    }

    private static func moment(_ date: Date) -> CivilMoment {
        CivilMoment(Int((date.timeIntervalSince1970 * 1000).rounded()), parts: 1000)
    }

    /// Reads a date with a time, in the forms of ISO 8601 that people write; without an offset it is UTC.
    ///
    /// A date alone is its first moment. Returns nil for anything else, also for a 31st of February.
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
        let days = CivilMoment.days(year: year, month: month, day: day)
        let whole = days * 86_400 + hour * 3600 + minute * 60 + second - offset
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
}
