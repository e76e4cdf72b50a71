import Platform

/// The address that gets a message when a run begins and ends, as services that watch cron jobs give it out.
struct PingAddress: Sendable, Equatable {
    /// What the message is about: `/start` before a run, `/EXITSTATUS` after it.
    enum Event: Sendable, Equatable {
        case start
        case end(ExitStatus)

        fileprivate var path: String {
            switch self {
            case .start: "/start"
            case .end(let status): "/\(status.rawValue)"
            }
        }
    }

    /// What the setting expects.
    static let expected = "an address that begins with http:// or https://, without spaces and #"

    private let base: String
    private let query: String

    /// Reads an address, or returns nil for anything else.
    init?(_ text: String) {
        let schemes = ["https://", "http://"]
        guard let scheme = schemes.first(where: text.hasPrefix), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
            !text.contains("#"), let host = text.dropFirst(scheme.count).first, !"/?:".contains(host)
        else { return nil }
        let parts = text.split(separator: "?", maxSplits: 1).map(String.init)
        base = parts[0].hasSuffix("/") ? String(parts[0].dropLast()) : parts[0]
        query = parts.count > 1 ? "&" + parts[1] : ""
    }

    /// The whole address of an event of a run; both events of a run have the same `run`.
    func text(_ event: Event, run: UUID) -> String {
        "\(base)\(event.path)?rid=\(run.uuidString.lowercased())\(query)"
    }
}
