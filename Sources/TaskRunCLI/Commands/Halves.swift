import TaskRun

/// What was done to tasks, and which of them the database refused.
struct Halves<Done: Sendable> {
    /// What was done, in the order of the tasks.
    private(set) var done: [Done] = []
    /// One line for each that was refused.
    private(set) var refusals: [ProgramError] = []
    /// Their names.
    private(set) var refused: Set<String> = []

    /// What was done, and nothing was refused.
    init(done: [Done]) { self.done = done }

    /// Does something with tasks in one call; where the database refuses one of them, in halves, so that the others are done.
    ///
    /// - Parameters:
    ///   - items: The tasks.
    ///   - doing: What is done, for the text of a refusal: `delete`.
    ///   - location: Where.
    ///   - name: A task in that text.
    ///   - instead: What stands for a refused one in ``done``; nil: nothing.
    ///   - body: Does it, of all or none.
    /// - Throws: What `body` throws of other things than rows.
    init<Item: Sendable>(
        _ items: [Item],
        _ doing: String,
        in location: String,
        name: (Item) -> String = { "\($0)" },
        instead: Done? = nil,
        _ body: ([Item]) async throws(StoreError) -> [Done]
    ) async throws(StoreError) {
        var parts = [items[...]]
        while let part = parts.popLast() {
            do {
                done += try await body(Array(part))
            } catch  where error.code == .refused && part.count > 1 {
                let middle = part.startIndex + part.count / 2
                parts += [part[middle...], part[..<middle]]
            } catch  where error.code == .refused && items.count > 1 {
                let refusedName = part.first.map(name) ?? ""
                refused.insert(refusedName)
                let subject = "cannot \(doing) task \(refusedName) in \(location)"
                refusals.append(ProgramError(StoreError(.refused, subject: subject, cause: error.cause)))
                if let instead { done.append(instead) }
            }
        }
    }

    /// Says what was refused, and how the command ends for that; nil: nothing was.
    func tell(in program: Program) -> ExitStatus? {
        refusals.map { program.report($0) }.last
    }
}
