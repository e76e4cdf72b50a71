import Handlers
import Logging
import Platform
import TaskRun
import Text

/// Tells a service that watches cron jobs that a run begins, and how it ended: the setting `ping`.
///
/// It never delays a task: the first request is sent beside the run, and the second one after it. Together they keep
/// the process from ending for at most 10 s.
actor RunPing {
    /// How long each of the two requests may take, in seconds.
    private static let seconds = 5

    private let address: PingAddress
    private let curl: Curl
    private let record: PingRecord
    private let logger: Logger
    private let run = UUID()
    private var start: Task<Curl.Failure?, Never>?
    private var isWanted = false

    /// Prepares a ping, or returns nil if the settings have no address.
    init?(_ program: Program, _ settings: Settings) {
        guard let address = settings.ping else { return nil }
        self.address = address
        curl = Curl(variables: program.variables)
        let mark = String(FNV1a.hash(Array("\(address)".utf8)), radix: 16)
        record = PingRecord(path: "\(settings.runtimeDirectory)/ping-\(mark)")
        logger = program.logger(settings)
    }

    /// Sends the first request without waiting for it, unless this host has pinged in this minute already.
    func begin() {
        isWanted = record.change { $0.takeMinute(Date()) }
        guard isWanted else { return }
        let url = address.text(.start, run: run)
        start = Task { [curl] in await Self.send(nil, to: url, by: curl) }
    }

    /// Sends how the run ended, and reports once an hour that a request failed.
    func end(_ status: ExitStatus, _ summary: JSONValue) async {
        guard isWanted else { return }
        isWanted = false
        _ = await start?.value
        guard let failure = await Self.send(summary.line, to: address.text(.end(status), run: run), by: curl) else {
            return
        }
        guard record.change({ $0.takeHour(Date()) }) else { return }
        let advice = "The tasks are not affected. Check the setting ping. This is reported once an hour."
        logger.warning("\("the ping failed: \(failure)".asSentence) \(advice)")
    }

    private static func send(_ body: String?, to url: String, by curl: Curl) async -> Curl.Failure? {
        do {
            try await curl.post(body, to: url, seconds: seconds)
            return nil
        } catch {
            return error
        }
    }
}
