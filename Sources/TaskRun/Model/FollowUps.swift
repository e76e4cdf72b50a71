extension NewTask {
    /// Reads the follow-ups that a program asks for, each a JSON object with the keys of ``TaskLine``.
    ///
    /// - Throws: ``PermanentFailure`` for the first one that cannot be used, and for too many.
    package static func followUps(_ objects: [[UInt8]]) throws(PermanentFailure) -> [NewTask] {
        guard objects.count <= mostFollowUps else { throw PermanentFailure(tooManyFollowUps) }
        var tasks: [NewTask] = []
        tasks.reserveCapacity(objects.count)
        for (number, object) in objects.enumerated() {
            do throws(TaskLine.Fault) {
                guard let task = try TaskLine.read(object, as: .task, common: NewTask(name: "")) else {
                    throw TaskLine.Fault(problem: "there is nothing")
                }
                tasks.append(task)
            } catch {
                let which = objects.count == 1 ? "the task" : "task \(number + 1) of the \(objects.count)"
                throw PermanentFailure(
                    "\(which) to add as follow-up cannot be used, and none was added: \(error.problem)"
                )
            }
        }
        return tasks
    }
}
