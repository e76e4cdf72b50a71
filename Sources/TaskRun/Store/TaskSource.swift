/// Many tasks to add, in batches: what ``TaskAdministration/add(from:)`` asks for and reports.
///
/// All functions are called one after the other on the store's own thread, and may block it.
public protocol TaskSource: Sendable {
    /// Whether tasks that the table refuses are left out; otherwise one of them undoes everything.
    var isLenient: Bool { get }

    /// The next tasks, at most a few thousand.
    ///
    /// It may be called again after the end, to ask whether everything is to be undone nevertheless.
    func next() -> TaskSourceStep

    /// Reports that the table refuses a task.
    ///
    /// If the source is not lenient, nothing is added and nothing more is asked.
    func refused(_ number: Int, _ error: StoreError)

    /// Reports the `id`s of tasks, in the source's order; they hold once ``TaskAdministration/add(from:)`` has returned
    /// true.
    func added(_ tasks: [AddedTask])

    /// Reports how many more tasks were not added because an equal task waits, with the same name and `dedupe_key`.
    func notNeeded(_ count: Int)
}

extension TaskSource {
    /// Does nothing.
    public func notNeeded(_ count: Int) {}
}

/// What a source has next.
public enum TaskSourceStep: Sendable {
    /// Tasks; their numbers rise from step to step.
    case tasks([NumberedTask])
    /// There are no more: commit what came.
    case end
    /// Something went wrong: undo what came.
    case stop
}

/// A task to add, and its place in the source.
public struct NumberedTask: Sendable, Equatable {
    /// The place, from 1: the number of a line.
    public let number: Int
    /// The task.
    public let task: NewTask

    /// Creates one from its parts.
    public init(_ number: Int, _ task: NewTask) { (self.number, self.task) = (number, task) }
}

/// A task that was added, or the equal task that waits already.
public struct AddedTask: Sendable, Equatable {
    /// The task's `id`.
    public let id: Int64
    /// The task name.
    public let name: String
    /// Whether it was added; false if an equal task waits and nothing was added.
    public let isNew: Bool

    /// Creates one from its parts.
    public init(id: Int64, name: String, isNew: Bool = true) {
        (self.id, self.name, self.isNew) = (id, name, isNew)
    }
}
