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
        let equal = try Row.fetchOne(cachedStatement(sql: SQLiteEqualStatements.equal), arguments: ["id": id])
        guard let equal else { return nil }
        if (equal[0] as Int64) > id || equal[1] { return .toNewer }
        return .forNewer(batch: try removeOlder(equal[0], keep: keep, now: now))
    }

    /// Removes a row that waits and has a newer equal; the next one of its lock key is led on.
    ///
    /// - Returns: Its batch, which is to be looked at.
    func removeOlder(_ id: Int64, keep: Duration, now: Date) throws -> String? {
        try keepGivenWay(id, keep: keep, now: now)
        let gone = try Row.fetchOne(cachedStatement(sql: SQLiteEqualStatements.remove), arguments: ["id": id])
        if let key = gone?.textIfAny(0) { try promote(key, now: now) }
        return gone?.textIfAny(1)
    }

    /// Removes a claimed row that has a newer equal; false: its claim does not hold.
    func giveWay(_ id: Int64, claimNumber: Int64? = nil, keep: Duration, now: Date) throws -> Bool {
        try keepGivenWay(id, keep: keep, now: now)
        let arguments: StatementArguments = ["id": id, "claim_no": claimNumber]
        try cachedStatement(sql: SQLiteEqualStatements.giveWay).execute(arguments: arguments)
        return changesCount == 1
    }

    private func keepGivenWay(_ id: Int64, keep: Duration, now: Date) throws {
        try cachedStatement(sql: SQLiteResultStatements.keepGivenWay).execute(
            arguments: ["id": id, "now": SQLiteTime.text(now), "expires": SQLiteTime.text(now, after: keep)]
        )
    }
}

/// The statements about equal tasks.
enum SQLiteEqualStatements {
    static let equal = """
        SELECT equal.id, tasks.status = 'PROCESSING' AND tasks.cancel_requested_at IS NOT NULL
        FROM tasks JOIN tasks AS equal
            ON equal.status = 'WAITING' AND equal.dedupe_key IS NOT NULL AND equal.task_name = tasks.task_name
                AND equal.dedupe_key = tasks.dedupe_key
        WHERE tasks.id = :id
        """

    static let remove = """
        DELETE FROM tasks
        WHERE id = :id AND status = 'WAITING'
        RETURNING CAST(lock_key AS BLOB), CAST(batch AS BLOB)
        """

    static let giveWay = """
        DELETE FROM tasks
        WHERE id = :id AND status = 'PROCESSING' AND (:claim_no IS NULL OR claim_no = :claim_no)
        """

    // The next FAILED rows behind a number.
    static let nextFailed = """
        SELECT id
        FROM tasks
        WHERE status = 'FAILED' AND id > :last AND (:name IS NULL OR task_name = :name)
        ORDER BY id
        LIMIT :limit
        """

    // FAILED rows that are to be sent back, of equal ones the newest.
    private static let newest = """
        SELECT max(id) AS id, task_name, dedupe_key
        FROM tasks
        WHERE status = 'FAILED' AND dedupe_key IS NOT NULL AND id IN (SELECT value FROM json_each(:ids))
        GROUP BY task_name, dedupe_key
        """

    // Rows that wait and are older than an equal one that is to be sent back.
    static let olderThanFailed = """
        SELECT equal.id
        FROM (\(newest)) AS newest JOIN tasks AS equal
            ON equal.status = 'WAITING' AND equal.dedupe_key IS NOT NULL AND equal.task_name = newest.task_name
                AND equal.dedupe_key = newest.dedupe_key
        WHERE equal.id < newest.id
        """

    // OR IGNORE: a row whose equal waits, which is newer then, stays as it is.
    static let retry = """
        UPDATE OR IGNORE tasks
        SET status = 'WAITING', attempts = 0, crashes = 0, postponed = 0, run_at = :now,
            lock_place = CASE lock_place WHEN 1 THEN 0 ELSE lock_place END,
            expires_at = CASE WHEN julianday(expires_at) <= julianday(:now) THEN NULL ELSE expires_at END,
            cancel_requested_at = NULL, progress_done = NULL, progress_total = NULL, progress_note = NULL
        WHERE status = 'FAILED' AND id IN (SELECT value FROM json_each(:ids))
            AND (dedupe_key IS NULL OR id IN (SELECT id FROM (\(newest))))
        RETURNING id
        """
}
