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
        let equal = try Row.fetchOne(cachedStatement(sql: Statements.equalOf), arguments: ["id": id])
        guard let equal else { return nil }
        if (equal[0] as Int64) > id || equal[1] { return .toNewer }
        return .forNewer(batch: try removeOlder(equal[0], keep: keep, now: now))
    }

    /// Removes a row that waits and has a newer equal; the next one of its lock key is led on.
    ///
    /// - Returns: Its batch, which is to be looked at.
    func removeOlder(_ id: Int64, keep: Duration, now: Date) throws -> String? {
        try keepGivenWay(id, keep: keep, now: now)
        let gone = try Row.fetchOne(cachedStatement(sql: Statements.removeOlder), arguments: ["id": id])
        if let key = gone?.textIfAny(0) { try promote(key, now: now) }
        return gone?.textIfAny(1)
    }

    /// Removes a claimed row that has a newer equal; false: its claim does not hold.
    func giveWay(_ id: Int64, claimNumber: Int64? = nil, keep: Duration, now: Date) throws -> Bool {
        try keepGivenWay(id, keep: keep, now: now)
        let arguments: StatementArguments = ["id": id, "claim_no": claimNumber]
        try cachedStatement(sql: Statements.giveWay).execute(arguments: arguments)
        return changesCount == 1
    }

    private func keepGivenWay(_ id: Int64, keep: Duration, now: Date) throws {
        try cachedStatement(sql: Statements.keepGivenWay).execute(
            arguments: ["id": id, "now": SQLiteTime.text(now), "expires": SQLiteTime.text(now, after: keep)]
        )
    }
}
