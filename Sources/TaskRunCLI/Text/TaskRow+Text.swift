import Platform
import TaskRun
import Text

extension TaskStatus {
    /// Its colour on a terminal.
    var colour: Ink.Colour? {
        switch self {
        case .waiting: nil
        case .processing: .cyan
        case .failed: .red
        }
    }
}

extension TaskRow {
    /// The row as an object, its keys the columns.
    var json: JSONValue {
        [
            "id": .number(id),
            "task_name": .text(name),
            "created_at": .text(MomentText.iso(createdAt)),
            "data": dataJSON,
            "status": .text(status.rawValue),
            "queue": .text(queue),
            "priority": .number(priority),
            "run_at": .text(MomentText.iso(runAt)),
            "attempts": .number(attempts),
            "max_attempts": .number(maxAttempts),
            "timeout_seconds": .number(timeoutSeconds),
            "lease_owner": .text(leaseOwner),
            "lease_expires_at": .text(leaseExpiresAt.map(MomentText.iso)),
            "claim_no": .number(claimNumber),
            "crashes": .number(crashes),
            "last_error": .text(lastError),
            "dedupe_key": .text(dedupeKey),
            "lock_key": .text(lockKey),
            "lock_place": .number(lockPlace),
            "expires_at": .text(expiresAt.map(MomentText.iso)),
            "token": .text(token),
            "progress_done": .number(progressDone),
            "progress_total": .number(progressTotal),
            "progress_note": .text(progressNote),
            "cancel_requested_at": .text(cancelRequestedAt.map(MomentText.iso)),
            "batch": .text(batch),
            "after_batch": .text(afterBatch),
            "postponed": .number(postponed),
            "failed_at": .text(failedAt.map(MomentText.iso)),
        ]
    }

    /// The payload as JSON; as a text if another program managed to store something else.
    private var dataJSON: JSONValue {
        do {
            try JSONScanner.check(data)
            return .raw(data)
        } catch {
            return .text(data)
        }
    }
}

extension TaskRow {
    /// Where a task with a lock key stands.
    private var place: String {
        switch lockPlace {
        case 1: ", another one is ahead"
        case 2: ", which it holds"
        default: ""
        }
    }

    /// The row for people, a line for each column that is set.
    func lines(why: Why.Said?, now: Date, on terminal: Terminal) -> [String] {
        let ink = Ink(isOn: terminal.hasColour)
        func moment(_ date: Date?) -> String? {
            date.map { "\(MomentText.plain($0)) UTC, \($0.relative(to: now))" }
        }
        let fields: [(String, String?)] = [
            ("id", "\(id)"),
            ("task_name", name.visible()),
            ("status", ink(status.rawValue, status.colour)),
            ("why", why?.sentence),
            ("queue", queue.visible()),
            ("priority", "\(priority)"),
            ("created_at", moment(createdAt)),
            ("run_at", moment(runAt)),
            ("failed_at", status == .failed ? moment(failedAt) : nil),
            ("attempts", "\(attempts)" + (maxAttempts.map { " of \($0)" } ?? "")),
            ("timeout", timeoutSeconds.map { DurationText.write(.seconds($0)) }),
            ("dedupe_key", dedupeKey?.visible()),
            ("lock_key", lockKey.map { "\($0.visible())\(place)" }),
            ("expires_at", moment(expiresAt)),
            ("crashes", crashes > 0 ? "\(crashes) in a row" : nil),
            ("postponed", postponed > 0 ? "\(postponed) times in a row" : nil),
            ("claim_no", "\(claimNumber)"),
            ("lease_owner", leaseOwner.map { RunIdentity.describe(owner: $0).visible() }),
            ("lease_expires_at", moment(leaseExpiresAt)),
            ("token", token?.visible()),
            (
                "progress",
                ProgressText.write(progressDone, progressTotal, progressNote.map { $0.visible() })
            ),
            ("cancel_requested", moment(cancelRequestedAt)),
            ("batch", batch?.visible()),
            ("after_batch", afterBatch.map { $0.visible() + (why?.left.map { ", \($0) left" } ?? "") }),
        ]
        let head = fields.flatMap { name, value -> [String] in
            guard let value else { return [] }
            // Only sentences wrap: a colour would be counted.
            guard name == "why" else { return [ink(name.padded(18), .faint) + value] }
            var lines = terminal.wrap(name.padded(18) + value, hanging: 18)
            lines[0] = ink(name.padded(18), .faint) + lines[0].dropFirst(18)
            return lines
        }
        let data = terminal.isTerminal ? data.visible(keepingLines: true) : data
        let error = lastError.map { ["", ink("last_error", .faint), $0.visible(keepingLines: true)] } ?? []
        return head + ["", ink("data", .faint), data] + error
    }
}

extension Date {
    /// How far a moment is from another one: `in 4 min`, `3 min ago`, `now`.
    func relative(to now: Date) -> String {
        let distance = timeIntervalSince(now)
        guard abs(distance) >= 1 else { return "now" }
        let span = DurationText.age(.milliseconds(Int64(abs(distance) * 1000)))
        return distance > 0 ? "in \(span)" : "\(span) ago"
    }
}
