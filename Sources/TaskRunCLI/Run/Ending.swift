import TaskRun
import Text

/// The end of a claim in words: a mark, and what comes next.
struct Ending: Equatable {
    /// What became of the task.
    enum Kind: Character {
        case succeeded = "✓"
        case again = "↻"
        case failed = "✗"
        case givenBack = "↩"
        case skipped = "↷"
        case leaseLost = "!"

        var colour: Ink.Colour {
            switch self {
            case .succeeded: .green
            case .again, .leaseLost: .yellow
            case .failed: .red
            case .givenBack, .skipped: .faint
            }
        }
    }

    let kind: Kind
    /// What comes next, or empty if nothing does.
    let next: String

    /// The end of a task that a hook kept from being performed.
    init(skipped note: String?) {
        (kind, next) = (.skipped, "skipped by a hook" + (note.map { ": \($0.gist)" } ?? ""))
    }

    /// Puts an end into words.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - verdict: What was decided, or nil if the handler settled the claim itself or the lease was lost.
    ///   - result: What became of that.
    ///   - maxAttempts: How many attempts the task has.
    init(_ task: ClaimedTask, _ verdict: Verdict?, _ result: SettleResult, maxAttempts: Int) {
        switch (result, verdict) {
        case (.leaseLost, _):
            (kind, next) = (.leaseLost, CrashText.leaseLost)
        case (.untouched, _):
            (kind, next) = (.failed, "its end cannot be written")
        case (.gaveWay, _):
            (kind, next) = (.givenBack, "gave way to an equal task that waits")
        case (.settled, nil), (.settled, .delete):
            (kind, next) = (.succeeded, "")
        case (.settled, .retry(let wait, let error)):
            let plan = "again in \(DurationText.rounded(wait)) (attempt \(task.attempt) of \(maxAttempts))"
            (kind, next) = (.again, "\(plan): \(error.gist)")
        case (.settled, .fail(let error)):
            (kind, next) = (.failed, "FAILED: \(error.gist)")
        case (.settled, .cancel), (.cancelled, _):
            (kind, next) = (.givenBack, "cancelled")
        case (.settled, .release(let wait, let note, _)):
            let plan = wait > .zero ? "released, again in \(DurationText.rounded(wait))" : "released"
            (kind, next) = (.givenBack, plan + (note.map { ": \($0.gist)" } ?? ""))
        }
    }
}

extension String {
    /// The most telling line of an error, cut to 200 characters and safe to be shown.
    ///
    /// Mostly the first one; Python says the reason last: `exit status 1: … KeyError: 'email'`.
    var gist: String {
        let lines = BoundedText.prefix(self, bytes: 16 * 1024).split(whereSeparator: \.isNewline).map {
            String($0).trimmed
        }.filter { !$0.isEmpty }
        var line = lines.first ?? ""
        let mark = "Traceback (most recent call last):"
        if line.hasSuffix(mark), let reason = lines.dropFirst().last(where: { !$0.hasPrefix("(attempt ") }) {
            line = line.dropLast(mark.count) + "… " + reason
        }
        return line.visible().cut(toWidth: 200)
    }
}
