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

extension Date {
    /// How far a moment is from another one: `in 4 min`, `3 min ago`, `now`.
    func relative(to now: Date) -> String {
        let distance = timeIntervalSince(now)
        guard abs(distance) >= 1 else { return "now" }
        let span = DurationText.age(.milliseconds(Int64(abs(distance) * 1000)))
        return distance > 0 ? "in \(span)" : "\(span) ago"
    }
}
