/// What runs leave in `task_history` and `task_failures`, and how it is removed.
///
/// Lines are written by the calls that end tasks, each in the transaction in which its task ends.
public protocol HistoryTable: Sendable {
    /// How long lines are kept, by name; tasks of other names leave none.
    var history: HistoryRetention { get }

    /// Removes lines that are kept no longer, the oldest first, and those beyond ``HistoryRetention/most``.
    ///
    /// - Parameters:
    ///   - failed: How long FAILED tasks are kept: their failed attempts are kept as long.
    ///   - limit: The most lines of each table.
    /// - Returns: How many were removed, of the table that had more.
    /// - Throws: ``StoreError``: what the database reports.
    func removeOldHistory(failed: ResultRetention, limit: Int) async throws(StoreError) -> Int

    /// What keeps the history from being written, or nil; each trouble is returned once.
    func takeHistoryTrouble() async -> StoreError?
}

/// What people ask about tasks that have ended.
public protocol HistoryAdministration: Sendable {
    /// The lines that a filter selects, the newest first.
    func history(_ filter: HistoryFilter) async throws(StoreError) -> [HistoryLine]

    /// All that is left of a task, or of all tasks that had a token.
    func story(of target: CancelTarget) async throws(StoreError) -> TaskStory

    /// The task names of the newest 100,000 lines, sorted.
    func historyNames() async throws(StoreError) -> [String]
}

// For a store that keeps no history.
extension HistoryTable {
    /// Nothing is kept.
    public var history: HistoryRetention { .none }

    /// Removes nothing.
    public func removeOldHistory(failed: ResultRetention, limit: Int) async throws(StoreError) -> Int { 0 }

    /// Nothing.
    public func takeHistoryTrouble() async -> StoreError? { nil }
}

extension HistoryAdministration {
    /// No lines.
    public func history(_ filter: HistoryFilter) async throws(StoreError) -> [HistoryLine] { [] }

    /// Nothing is left.
    public func story(of target: CancelTarget) async throws(StoreError) -> TaskStory { TaskStory() }

    /// No names.
    public func historyNames() async throws(StoreError) -> [String] { [] }
}
