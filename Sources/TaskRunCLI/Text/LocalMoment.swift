import Platform
import Text

extension MomentText {
    /// To the second in this process' time zone, for people: `2030-12-31 23:59:59 CET`.
    static func local(_ date: Date) -> String {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        var (time, parts) = (time_t(clamping: Int64(exactly: seconds) ?? 0), tm())
        guard Int64(exactly: seconds) != nil, localtime_r(&time, &parts) != nil, let zone = parts.tm_zone else {
            return "\(plain(date)) UTC"
        }
        let local = Date(timeIntervalSince1970: seconds + Double(parts.tm_gmtoff))
        return "\(plain(local)) \(String(cString: zone))"
    }
}
