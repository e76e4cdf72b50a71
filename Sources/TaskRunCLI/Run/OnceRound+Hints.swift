import Platform
import TaskRun
import Text

/// Hints for a person who wonders why so little happened.
extension OnceRound {
    /// Says why tasks were not started.
    ///
    /// - Parameters:
    ///   - report: What was done.
    ///   - settings: How the run was to go.
    ///   - unknown: The names without a handler here.
    ///   - isSeen: Whether a person watches. If not, only what needs a person is said, because cron mails it.
    /// - Returns: A sentence each.
    func hints(
        _ report: RunReport,
        _ settings: RunSettings,
        _ unknown: [UnknownName],
        isSeen: Bool
    ) async -> [String] {
        // A name close to a known one is probably misspelt.
        let folder = unknown.contains { $0.nearest == nil } ? missingFolder : nil
        let absence = folder.map {
            "There is no folder \($0): name yours with --\(SettingTable.handlers.key), or create it.".visible()
        }
        guard isSeen, report.claimed == 0 else { return [absence].compactMap(\.self) }
        let paused = (try? await store.pausedQueues()) ?? []
        return [absence].compactMap(\.self) + paused.map { $0.sentence + "." } + (await emptyQueues(settings))
    }

    /// The queues to claim from that no task is in: perhaps they are misspelt.
    private func emptyQueues(_ settings: RunSettings) async -> [String] {
        let asked = settings.queues.flatMap(\.words).filter { !$0.contains("*") }
        // Counted only for this, and only if nothing was started.
        guard !asked.isEmpty, let lines = try? await store.summary().lines else { return [] }
        let known = Set(lines.map(\.queue)).sorted()
        return asked.filter { !known.contains($0) }.map { queue in
            let nearest = Spelling.nearest(to: queue, among: known).map { " Did you mean \"\($0)\"?" } ?? ""
            return "No task is in queue \"\(queue)\".\(nearest)".visible()
        }
    }
}

extension Settings {
    /// The default handlers folder, if no other is set and it is missing.
    var missingHandlersFolder: String? {
        let folder = PathText.absolute(handlers)
        return isHandlersDefault && !FileManager.default.fileExists(atPath: folder) ? folder : nil
    }
}
