import Platform
import TaskRun
import Logging
import Text

/// Log lines on stderr: `2026-11-21T10:00:00.000Z warning text key=value`.
struct PlainLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level
    private let screen: Screen

    init(screen: Screen, level: Logger.Level) {
        self.screen = screen
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let message = BoundedText.fit("\(event.message)", bytes: 16 * 1024)
        let text = "\(MomentText.iso(Date())) \(event.level) \(message)\(pairs)"
        screen.write(text.visible(keepingLines: true))
    }
}
