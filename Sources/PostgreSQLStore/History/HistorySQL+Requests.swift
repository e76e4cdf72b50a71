import Platform
import TaskRun

/// What is known of attempts, as arrays; an array is empty if none of them has such a value.
private struct AttemptArrays {
    /// Microseconds that they took, microseconds since they began, exit statuses, signals, bytes of memory.
    let values: [String?]

    init(_ attempts: [AttemptFacts?]) {
        let instant = ContinuousClock.now
        let seconds = attempts.map { $0?.seconds(instant) }
        let programs = attempts.contains { $0?.program != nil } ? attempts.map { $0?.program } : []
        values = [
            Self.array(seconds.map { $0.map { Int64(clamping: Int($0.ran * 1_000_000)) } }),
            Self.array(seconds.map { $0.map { Int64(clamping: Int($0.sinceBegin * 1_000_000)) } }),
            Self.array(programs.map { $0?.exitCode.map { Int64($0) } }),
            Self.array(programs.map { $0?.signal.map { Int64($0) } }),
            Self.array(programs.map { $0?.peakMemory }),
        ]
    }

    private static func array(_ values: [Int64?]) -> String {
        var text = "{"
        for value in values {
            if text.utf8.count > 1 { text.append(",") }
            text.append(value?.description ?? "NULL")
        }
        return text + "}"
    }
}

extension SettleSQL {
    /// Removes the rows of settlements, and notes how their tasks ended; nil if nothing is to be noted.
    static func deleteNoting(_ settlements: [Settlement], _ keeper: HistoryKeeper, now: Date?) -> Request? {
        guard keeper.isOn, settlements.contains(where: { $0.facts != nil }) else { return nil }
        keeper.use()
        let statuses = settlements.map { $0.facts == nil ? "" : $0.historyStatus?.rawValue }
        let isUsual = statuses.allSatisfy { $0 == HistoryStatus.complete.rawValue }
        return Request(
            deleteNoting,
            ClaimProof.arrays(settlements.map(\.proof)) + [isUsual ? "{}" : SQLText.array(statuses)]
                + AttemptArrays(settlements.map(\.facts)).values + [keeper.host, SQLText.moment(now)]
        )
    }
}

extension HistorySQL {
    /// Notes the failed attempts among settlements that make their rows WAITING or FAILED; none if nothing is to be
    /// noted.
    static func noteFailures(_ settlements: [Settlement], _ keeper: HistoryKeeper, now: Date?) -> [Request] {
        guard keeper.isOn else { return [] }
        let failed = settlements.filter { $0.facts != nil && $0.failure != nil }
        guard !failed.isEmpty else { return [] }
        keeper.use()
        return [
            Request(
                noteFailures,
                ClaimProof.arrays(failed.map(\.proof)) + [
                    SQLText.array(failed.map { $0.historyStatus == nil ? "f" : "t" }),
                    SQLText.array(failed.map(\.failure)),
                ] + AttemptArrays(failed.map(\.facts)).values + [keeper.host, SQLText.moment(now)]
            )
        ]
    }

    /// Notes the attempts of runs that died, before their rows are taken over.
    static func noteCrashes(_ rows: [Takeover], _ keeper: HistoryKeeper, now: Date?) -> [Request] {
        let kept = keeper.isOn ? rows.filter { keeper.keeps($0.task.name) } : []
        guard !kept.isEmpty else { return [] }
        keeper.use()
        return [
            Request(
                noteFailures,
                ClaimProof.arrays(kept.map(\.proof)) + [
                    SQLText.array(kept.map { $0.task.status == .failed ? "t" : "f" }), SQLText.array(kept.map(\.error)),
                    "{}", "{}", "{}", "{}", "{}", nil, SQLText.moment(now),
                ]
            )
        ]
    }

    /// Notes how tasks ended whose rows became FAILED, or are about to be removed as cancelled; `now` is a moment's text.
    static func noteEnded(_ ids: [Int64], _ status: HistoryStatus, _ keeper: HistoryKeeper, now: String?) -> [Request] {
        guard keeper.isOn, !ids.isEmpty else { return [] }
        keeper.use()
        let (names, isOnly) = (keeper.retention.exceptions, keeper.retention.standard == nil)
        return [
            Request(
                noteEnded,
                [
                    SQLText.array(ids), status.rawValue, SQLText.array(names.map(Optional.some)), isOnly ? "t" : "f",
                    now,
                ]
            )
        ]
    }

    /// Notes how rows ended that are gone; none if nothing is to be noted.
    static func noteLines(_ rows: [EndedRow], _ status: HistoryStatus, _ keeper: HistoryKeeper, now: Date?) -> [Request]
    {
        let kept = keeper.isOn ? rows.filter { keeper.keeps($0.name) } : []
        guard !kept.isEmpty else { return [] }
        keeper.use()
        return [
            Request(
                noteLines,
                [
                    SQLText.array(kept.map(\.id)), SQLText.array(kept.map(\.name)), SQLText.array(kept.map(\.queue)),
                    SQLText.array(kept.map { _ in status.rawValue }), SQLText.array(kept.map { Int64($0.attempts) }),
                    SQLText.array(kept.map(\.token)), SQLText.array(kept.map(\.batch)), "{}", "{}", nil,
                    SQLText.moment(now),
                ]
            )
        ]
    }

    /// Notes how a task ended whose handler settled it itself, and which had waited so many seconds.
    static func noteLine(_ settlement: Settlement, waited: String?, _ keeper: HistoryKeeper) -> Request? {
        guard keeper.isOn, let facts = settlement.facts, let status = settlement.historyStatus else { return nil }
        let task = facts.task
        return Request(
            noteLines,
            [
                SQLText.array([task.id]), SQLText.array([task.name]), SQLText.array([task.queue]),
                SQLText.array([status.rawValue]), SQLText.array([Int64(task.attempt)]), SQLText.array([task.token]),
                SQLText.array([task.batch]), SQLText.array([waited]), SQLText.array([String(facts.seconds(.now).ran)]),
                keeper.host, nil,
            ]
        )
    }
}
