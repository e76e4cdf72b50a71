import Platform
import TaskRun
import Text

/// What a person may be glad to know who wonders why so little happened.
extension OnceRound {
    /// Says why tasks were not begun.
    ///
    /// - Parameters:
    ///   - report: What was done.
    ///   - settings: How the run was to go.
    ///   - unknown: The names without a handler here.
    ///   - isSeen: Whether somebody looks on; else only what needs a person is told, because cron mails it.
    /// - Returns: A sentence each.
    func hints(
        _ report: RunReport,
        _ settings: RunSettings,
        _ unknown: [UnknownName],
        isSeen: Bool
    ) async -> [String] {
        // A name that is near a known one is rather misspelt.
        let folder = unknown.contains { $0.nearest == nil } ? missingFolder : nil
        let absence = folder.map {
            "There is no folder \($0): name yours with --\(SettingTable.handlers.key), or create it.".visible()
        }
        guard isSeen, report.claimed == 0 else { return [absence].compactMap(\.self) }
        let paused = (try? await store.pausedQueues()) ?? []
        return [absence].compactMap(\.self) + paused.map { $0.sentence + "." } + (await emptyQueues(settings))
    }

    /// The queues that the run was to take from and that no task names: perhaps they are misspelt.
    private func emptyQueues(_ settings: RunSettings) async -> [String] {
        let asked = settings.queues.flatMap(\.words).filter { !$0.contains("*") }
        // Counted only for this, and only where nothing was begun.
        guard !asked.isEmpty, let lines = try? await store.summary().lines else { return [] }
        let known = Set(lines.map(\.queue)).sorted()
        return asked.filter { !known.contains($0) }.map { queue in
            let nearest = Spelling.nearest(to: queue, among: known).map { " Did you mean \"\($0)\"?" } ?? ""
            return "No task is in queue \"\(queue)\".\(nearest)".visible()
        }
    }
}

extension Settings {
    /// The handlers folder, if nobody named one and it is not there.
    var missingHandlersFolder: String? {
        let folder = PathText.absolute(handlers)
        return isHandlersDefault && !FileManager.default.fileExists(atPath: folder) ? folder : nil
    }
}
