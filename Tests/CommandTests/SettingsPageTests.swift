import Foundation
import Handlers
import TaskRun
import Testing
import Text

@testable import TaskRunCLI

/// docs/settings.md against the list in the code.
@Suite("docs/settings.md")
struct SettingsPageTests {
    /// A row of one of its tables.
    private struct Entry {
        let key: String
        /// The cells behind the key, without the marks of code.
        let cells: [String]
    }

    private func entries() throws -> [Entry] {
        try Snippet.page("docs/settings.md").matches(of: /(?m)^\| `([a-zA-Z_.]+)` \|(.*)\|$/).map { row in
            let cells = row.output.2.split(separator: "|", omittingEmptySubsequences: false)
            return Entry(
                key: String(row.output.1),
                cells: cells.map { $0.trimmingCharacters(in: .whitespaces).replacing("`", with: "") }
            )
        }
    }

    @Test("the page has each setting once, and no other")
    func keys() throws {
        let ofNames = [
            "tasks.NAME.timeout", "tasks.NAME.max_attempts", "tasks.NAME.keep_result", "tasks.NAME.keep_failed",
            "tasks.NAME.history",
        ]
        let expected = SettingTable.all.map(\.key) + ofNames
        #expect(try entries().map(\.key).sorted() == expected.sorted())
        #expect(
            ofNames == [
                SettingTable.timeout(of: "NAME").key, SettingTable.maxAttempts(of: "NAME").key,
                SettingTable.keepResult(of: "NAME").key, SettingTable.keepFailed(of: "NAME").key,
                SettingTable.history(of: "NAME").key,
            ]
        )
    }

    @Test("ranges and words are those that are accepted")
    func ranges() throws {
        for entry in try entries() {
            guard let setting = SettingTable.all.first(where: { $0.key == entry.key }) else { continue }
            let hasRange = setting.expected.contains(#/ from .+ to /#)
            let words = setting.expected.firstMatch(of: /^one of (.*)$|^(\w+) or (\w+)$/).map {
                $0.output.1.map(String.init) ?? "\($0.output.2 ?? ""), \($0.output.3 ?? "")"
            }
            guard hasRange || words != nil else { continue }
            try #require(entry.cells.count == 3, "\(entry.key)")
            if let words {
                #expect(entry.cells[1] == words, "\(entry.key)")
            } else {
                #expect(!entry.cells[1].isEmpty, "\(entry.key)")
                let range =
                    setting.expected.contains(" from \(entry.cells[1]),")
                    || setting.expected.hasSuffix(" from \(entry.cells[1])")
                #expect(range, "\(entry.key): \(setting.expected)")
            }
        }
    }

    @Test("defaults are those that hold where nothing is said")
    func defaults() throws {
        let session = NSTemporaryDirectory() + "session-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: session,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        defer { try? FileManager.default.removeItem(atPath: session) }
        let settings = try Settings(flags: [:], config: nil, variables: ["XDG_RUNTIME_DIR": session], cores: 8)
        let durations = [
            "hook_timeout": settings.hookTimeout, "window": settings.window, "lease": settings.lease,
            "grace": settings.grace, "timeout": settings.timeout, "backoff.base": settings.retry.base,
            "backoff.cap": settings.retry.cap, "keep_result": settings.keepResult, "keep_failed": settings.keepFailed,
            "history": settings.history ?? .zero,
        ]
        let texts = [
            "handlers": settings.handlers, "hooks": settings.hooks, "log_level": "\(settings.logLevel)",
            "log_format": settings.logFormat.rawValue,
            "lock_order": settings.lockOrder.rawValue, "max_attempts": "\(settings.retry.maxAttempts)",
            "sqlite_synchronous": "\(settings.sqliteSynchronous)", "concurrency": "number of cores",
            "database": settings.database.redacted, "listen_database": "as database",
            "runtime_directory": settings.runtimeDirectory.replacing(session, with: "$XDG_RUNTIME_DIR"),
            "environment": settings.environment.isEmpty ? "none" : "some",
            "ping": settings.ping == nil ? "none" : "some",
            "mail.outbox": settings.mail.outbox ?? "none",
            "mail.sendmail": settings.mailSettings().sendmail, "mail.from": settings.mailSettings().from,
        ]
        #expect(settings.concurrency == 8)
        for entry in try entries() where !entry.key.hasPrefix("tasks.") {
            if let duration = durations[entry.key] {
                #expect(DurationText.parse(entry.cells[0]) == duration, "\(entry.key)")
            } else if ["output_limit", "max_result"].contains(entry.key) {
                let size = entry.key == "max_result" ? settings.maxResult : settings.outputLimit
                #expect(SizeText.parse(entry.cells[0]) == size, "\(entry.key)")
            } else {
                #expect(entry.cells[0] == texts[entry.key], "\(entry.key)")
            }
        }
    }

    @Test("the flags that the page names exist")
    func flags() async throws {
        try await Scratch.with(tables: false) { place in
            for match in try Snippet.page("docs/settings.md").matches(of: /Flag `(?:once )?(--[a-z-]+)`/) {
                #expect(try await place.taskrun("help", "once").output.contains("\(match.output.1) "))
            }
            try place.write(
                try #require(try Snippet.page("docs/settings.md").firstMatch(of: /```yaml\n((?s).*?)```/)).output.1
                    .description,
                to: "taskrun.yaml"
            )
            let check = try await place.taskrun("check")
            #expect(check.output.contains("read from taskrun.yaml"), "\(check)")
        }
    }
}
