import Foundation
import TaskRun

/// Writes a report in a folder of its own, and adds a greeting that follows.
///
/// Add one with `INSERT INTO tasks (task_name, data) VALUES ('REPORT', '{"for":"Ada"}')`.
struct Report: TaskHandler {
    struct Payload: Decodable {
        let `for`: String
    }

    static let taskName = "REPORT"

    private func folder(_ context: TaskContext) -> URL {
        FileManager.default.temporaryDirectory.appendingPathComponent(
            "report-\(ProcessInfo.processInfo.processIdentifier)-\(context.taskID)"
        )
    }

    func setUp(in context: TaskContext) async throws {
        try FileManager.default.createDirectory(at: folder(context), withIntermediateDirectories: false)
        print("REPORT \(context.taskID): folder made")
    }

    func perform(_ payload: Payload, in context: TaskContext) async throws {
        guard !payload.for.isEmpty else { throw PermanentFailure("for is empty: expected a name") }
        let file = folder(context).appendingPathComponent("report.txt")
        try Data("Dear \(payload.for)".utf8).write(to: file)
        context.setResult(try String(contentsOf: file, encoding: .utf8))
        // Added in the transaction that deletes this task, or not at all.
        try context.add(NewTask(name: Greeting.taskName, data: #"{"name":"\#(payload.for)"}"#))
        print("REPORT \(context.taskID): written")
    }

    /// Also called if `perform` throws or is cancelled.
    func tearDown(in context: TaskContext) async {
        try? FileManager.default.removeItem(at: folder(context))
        print("REPORT \(context.taskID): folder removed")
    }
}
