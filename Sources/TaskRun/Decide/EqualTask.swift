/// One of several equal tasks, of the same name and `dedupe_key`, of which at most one may wait.
package struct EqualTask: Sendable, Equatable {
    /// The task's `id`.
    package let id: Int64
    /// Whether its cancellation was requested, so that it will not run again.
    package let isToBeCancelled: Bool

    /// Creates one from its parts.
    package init(id: Int64, isToBeCancelled: Bool = false) { (self.id, self.isToBeCancelled) = (id, isToBeCancelled) }
}

extension Collection<EqualTask> {
    /// The number of the one that stays, the newest that is not to be cancelled; nil if all are to be cancelled.
    ///
    /// The others give way: they are removed.
    package var staying: Int64? { lazy.filter { !$0.isToBeCancelled }.map(\.id).max() }
}

extension Sequence {
    /// The elements, the one with the greatest task number first.
    ///
    /// Rows that become WAITING one after the other do so in this order: of equal tasks the newer one waits first, and
    /// the older one gives way.
    package func newestFirst(_ id: (Element) -> Int64) -> [Element] { sorted { id($0) > id($1) } }
}
