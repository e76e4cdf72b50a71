import Platform
import TaskRun
import Text

extension TokenState {
    /// The state as an object; a result that is no UTF-8 text stands in `result_base64`.
    var json: JSONValue {
        let (text, bytes) = state == .complete ? ResultRecord(result: result).textOrBytes : (nil, nil)
        return [
            "token": .text(token),
            "id": .number(id),
            "task_name": .text(name),
            "status": .text(state.rawValue),
            "result": .text(text),
            "result_base64": .text(bytes.map { Data($0).base64EncodedString() }),
            "result_size": .number(resultSize),
            "error": .text(error),
            "progress_done": .number(progressDone),
            "progress_total": .number(progressTotal),
            "progress_note": .text(progressNote),
            "created_at": .text(MomentText.iso(createdAt)),
            "run_at": .text(runAt.map(MomentText.iso)),
            "started_at": .text(startedAt.map(MomentText.iso)),
            "finished_at": .text(finishedAt.map(MomentText.iso)),
            "expires_at": .text(expiresAt.map(MomentText.iso)),
        ]
    }

    /// What is said of a token of which nothing is known.
    static func unknownJSON(_ token: String) -> JSONValue { ["token": .text(token), "status": .text("UNKNOWN")] }

    /// Whether a part of the result was not kept.
    var isCut: Bool { state == .complete && resultSize > result.count }

    /// One line for people: `RUNNING 1/2`, `FAILED: no such file`.
    var sentence: String {
        switch state {
        case .waiting: state.rawValue + (error.map { ", last error: \($0.gist)" } ?? "")
        case .running:
            state.rawValue
                + (ProgressText.write(progressDone, progressTotal, progressNote).map { " \($0.visible())" } ?? "")
        case .failed: state.rawValue + (error.map { ": \($0.visible(keepingLines: true))" } ?? "")
        case .complete:
            isCut
                ? "COMPLETE, but of \(resultSize) bytes only \(result.count) were kept (setting max_result)"
                : "COMPLETE"
        case .cancelled: state.rawValue
        }
    }

    /// How a command ends that asked for this state.
    var exitStatus: ExitStatus {
        switch state {
        case .complete: .done
        case .failed: .incomplete
        case .cancelled: .cancelled
        case .waiting, .running: .tryAgain
        }
    }

    /// The progress line of one that is waited for.
    func progressLine(after time: Duration) -> String {
        let words = "\(state.rawValue.padded(9))  \(DurationText.age(time))"
        guard state == .running, let done = progressDone else { return words }
        let bar = progressTotal.map { "  " + ProgressBar.bar(Double(done) / Double(max($0, 1))) } ?? ""
        return words + bar + "  " + (ProgressText.write(done, progressTotal, progressNote) ?? "").visible()
    }
}

extension ResultRecord {
    /// The result as text if it is any, else as bytes.
    fileprivate var textOrBytes: (text: String?, bytes: [UInt8]?) { columns }
}
