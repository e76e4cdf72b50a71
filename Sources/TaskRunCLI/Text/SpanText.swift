/// Lengths of time as people say them, to one unit: `0.3 s`, `12 s`, `3 min`, `5 h`, `4 d`.
enum SpanText {
    /// A length of time; a negative one counts as none.
    static func write(_ span: Duration) -> String {
        let seconds = max(0, span / .seconds(1))
        return switch seconds {
        case ..<9.95 where seconds != seconds.rounded(): "\((seconds * 10).rounded() / 10) s"
        case ..<90: "\(Int(seconds.rounded())) s"
        case ..<5400: "\(Int((seconds / 60).rounded())) min"
        case ..<172_800: "\(Int((seconds / 3600).rounded())) h"
        default: "\(Int((seconds / 86_400).rounded())) d"
        }
    }

    /// A length of time in whole seconds and more: `0 s`, `12 s`, `3 min`.
    static func age(_ span: Duration) -> String {
        span < .seconds(10) ? "\(max(0, span.components.seconds)) s" : write(span)
    }

    /// How long a handler took, to three places at most: `0.004 s`, `1.25 s`, `61.3 s`.
    static func taken(_ span: Duration) -> String {
        let seconds = max(0, span / .seconds(1))
        let scale = seconds < 1 ? 1000.0 : seconds < 10 ? 100.0 : 10.0
        let places = seconds < 1 ? 3 : seconds < 10 ? 2 : 1
        let number = "\((seconds * scale).rounded() / scale)"
        let missing = places - (number.split(separator: ".").last?.count ?? 0)
        return number + String(repeating: "0", count: max(0, missing)) + " s"
    }
}
