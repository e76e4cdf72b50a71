import Foundation
import GRDB
import TaskRun

/// What became of a row that is to be WAITING again and whose equal waits.
enum MadeWay {
    /// The other one is newer, and this one is to be removed.
    case toNewer
    /// The other one was older, and has been removed; with its batch, which is to be looked at.
    case forNewer(batch: String?)
}

/// Equal tasks are those of one name and `dedupe_key`. Of two that would both wait the one with the higher number stays.
extension Database {
    /// Decides which of two equal rows stays, where a row that is to be WAITING again has met one that waits; nil: there is none.
    ///
    /// A row that is to be cancelled does not go on, and gives way in any case.
    func makeWay(for id: Int64, keep: Duration, now: Date) throws -> MadeWay? {
        guard let equal = try first(Statements.equalOf, ["id": id]) else { return nil }
        if equal.id > id || equal.isOtherToBeCancelled { return .toNewer }
        return .forNewer(batch: try removeOlder(equal.id, keep: keep, now: now))
    }

    /// Removes a row that waits and has a newer equal; the next one of its lock key is led on.
    ///
    /// - Returns: Its batch, which is to be looked at.
    func removeOlder(_ id: Int64, keep: Duration, now: Date) throws -> String? {
        try keepGivenWay(id, keep: keep, now: now)
        let gone = try first(Statements.removeOlder, ["id": id])
        if let key = gone?.lockKey { try promote(key, now: now) }
        return gone?.batch
    }

    /// Removes a claimed row that has a newer equal; false: its claim does not hold.
    func giveWay(_ id: Int64, claimNumber: Int64? = nil, keep: Duration, now: Date) throws -> Bool {
        try keepGivenWay(id, keep: keep, now: now)
        return try run(Statements.giveWay, ["id": id, "claim_no": claimNumber]) == 1
    }

    private func keepGivenWay(_ id: Int64, keep: Duration, now: Date) throws {
        let (text, end) = (SQLiteTime.text(now), SQLiteTime.text(now, after: keep))
        try run(Statements.keepGivenWay, ["id": id, "now": text, "expires": end])
    }
}

/// A row that waits and has an equal that is to be WAITING again.
struct EqualRow {
    let id: Int64
    /// Whether that other one is to be cancelled.
    let isOtherToBeCancelled: Bool

    static func reader(_ columns: Columns) -> (ResultRow) -> EqualRow {
        let (id, isToBeCancelled) = (columns["id"], columns["is_to_be_cancelled"])
        return { row in EqualRow(id: row.integer(id), isOtherToBeCancelled: row.flag(isToBeCancelled)) }
    }
}

/// What a row that was removed leaves to be done.
struct RemovedRow {
    let lockKey: String?
    let batch: String?

    static func reader(_ columns: Columns) -> (ResultRow) -> RemovedRow {
        let (key, batch) = (columns["lock_key"], columns["batch"])
        return { row in RemovedRow(lockKey: row.textIfAny(key), batch: row.textIfAny(batch)) }
    }
}
