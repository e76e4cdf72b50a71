/// Many tasks to be added, a batch at a time: what ``TaskDesk/add(from:)`` asks for, and tells.
///
/// All is called one after the other on the store's own thread, which may be kept waiting.
public protocol TaskSource: Sendable {
    /// Whether tasks that the table does not take are left out; else one of them undoes everything.
    var isLenient: Bool { get }

    /// The next tasks, at most some thousand.
    ///
    /// May be asked again after the end: whether everything is to be undone nevertheless.
    func next() -> TaskSourceStep

    /// Says that the table does not take a task.
    ///
    /// Where the source is not lenient nothing is added, and nothing more is asked.
    func refused(_ number: Int, _ error: StoreError)

    /// Says the numbers of tasks, in the source's order; they hold once ``TaskDesk/add(from:)`` has returned true.
    func added(_ tasks: [AddedTask])

    /// Says of how many more tasks an equal one waits, with the same name and `dedupe_key`: they were not added.
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
    /// There are no more: what came is to be committed.
    case end
    /// Something went wrong: what came is to be undone.
    case stop
}

/// A task to be added, and its place in the source.
public struct NumberedTask: Sendable, Equatable {
    /// The place, from 1: the number of a line.
    public let number: Int
    /// The task.
    public let task: NewTask

    /// Creates one from its parts.
    public init(_ number: Int, _ task: NewTask) { (self.number, self.task) = (number, task) }
}

/// A task that was added, or the equal one that waits already.
public struct AddedTask: Sendable, Equatable {
    /// The task's `id`.
    public let id: Int64
    /// The task name.
    public let name: String
    /// Whether it was added; false: it waits already, and nothing was added.
    public let isNew: Bool

    /// Creates one from its parts.
    public init(id: Int64, name: String, isNew: Bool = true) {
        (self.id, self.name, self.isNew) = (id, name, isNew)
    }
}
