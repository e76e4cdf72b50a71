import TaskRun

/// What was done to tasks, and which of them the database refused.
struct Halves<Done: Sendable> {
    /// The most tasks of one call: no transaction goes on for long.
    private static var most: Int { 10_000 }

    /// What was done, in the order of the tasks.
    private(set) var done: [Done] = []
    /// One line for each that was refused.
    private(set) var refusals: [ProgramError] = []
    /// Their names.
    private(set) var refused: Set<String> = []

    /// What was done, and nothing was refused.
    init(done: [Done]) { self.done = done }

    /// The same, and what was done before.
    func behind(_ earlier: [Done]) -> Halves {
        var all = self
        all.done = earlier + done
        return all
    }

    /// Does something with tasks, 10,000 in one call, and in halves if the database refuses one of them: the others are
    /// done.
    ///
    /// - Parameters:
    ///   - items: The tasks.
    ///   - doing: What is done, as a verb for the text of a refusal: `delete`.
    ///   - location: The database, for that text.
    ///   - name: Names a task in that text.
    ///   - instead: What ``done`` has for a refused task, or nil for nothing.
    ///   - count: Counts the tasks that were handled.
    ///   - body: Does it, with all of its tasks or none.
    /// - Throws: What `body` throws that is not about a row.
    init<Item: Sendable>(
        _ items: [Item],
        _ doing: String,
        in location: String,
        name: (Item) -> String = { "\($0)" },
        instead: Done? = nil,
        count: DoneCount,
        _ body: ([Item]) async throws(StoreError) -> [Done]
    ) async throws(StoreError) {
        defer { count.end() }
        var parts = stride(from: 0, to: items.count, by: Self.most).reversed().map { start in
            items[start..<min(items.count, start + Self.most)]
        }
        while let part = parts.popLast() {
            do {
                done += try await body(Array(part))
                count.add(part.count)
            } catch  where error.code == .refused && part.count > 1 {
                let middle = part.startIndex + part.count / 2
                parts += [part[middle...], part[..<middle]]
            } catch  where error.code == .refused && items.count > 1 {
                let refusedName = part.first.map(name) ?? ""
                refused.insert(refusedName)
                let subject = "cannot \(doing) task \(refusedName) in \(location)"
                refusals.append(ProgramError(StoreError(.refused, subject: subject, cause: error.cause)))
                if let instead { done.append(instead) }
                count.add(1)
            }
        }
    }

    /// Reports what was refused.
    ///
    /// - Parameters:
    ///   - program: Reports on stderr.
    ///   - isJSON: Whether a program reads the answer: then each refusal is also an object on stdout.
    /// - Returns: How the command ends, or nil if nothing was refused.
    func tell(in program: Program, isJSON: Bool) -> ExitStatus? {
        refusals.map { refusal in
            if isJSON { try? program.output.write(refusal.json.line) }
            return program.report(refusal)
        }.last
    }
}
