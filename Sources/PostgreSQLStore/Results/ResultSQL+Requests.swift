import Platform
import TaskRun

extension ResultSQL {
    /// Removes WAITING rows that were to be cancelled, and notes their ends; empty if there are none.
    static func removeCancelled(
        _ rows: [(id: Int64, keep: Duration)],
        now: Date?,
        _ keeper: HistoryKeeper
    ) -> [Request] {
        guard !rows.isEmpty else { return [] }
        let removal = Request(
            removeCancelled,
            [
                SQLText.array(rows.map(\.id)), SQLText.array(rows.map { SQLText.seconds($0.keep) }),
                SQLText.moment(now),
            ]
        )
        return HistorySQL.noteEnded(rows.map(\.id), .cancelled, keeper, now: SQLText.moment(now)) + [removal]
    }

    /// About how many bytes of results one statement carries; one result may have more.
    private static let mostBytes = 4 << 20

    /// Keeps the results of settlements, in statements of not too many bytes; empty if no task has a token.
    static func keep(_ settlements: [Settlement], now: Date?) -> [Request] {
        var requests: [Request] = []
        var lines: [ResultLine] = []
        var bytes = 0
        for settlement in settlements {
            guard let line = ResultLine(settlement) else { continue }
            if !lines.isEmpty, bytes + line.record.result.count > mostBytes {
                requests.append(request(lines, now: now))
                (lines, bytes) = ([], 0)
            }
            lines.append(line)
            bytes += line.record.result.count
        }
        if !lines.isEmpty { requests.append(request(lines, now: now)) }
        return requests
    }

    private static func request(_ lines: [ResultLine], now: Date?) -> Request {
        let progress = lines.map(\.record.progress)
        return Request(
            keep,
            ClaimProof.arrays(lines.map(\.proof)) + [
                SQLText.array(lines.map(\.state.rawValue)),
                SQLText.array(lines.map(\.text)),
                SQLText.array(lines.map { $0.bytes.map { "\\x" + hex($0) } }),
                SQLText.array(lines.map { Int64($0.record.size) }),
                SQLText.array(lines.map(\.error)),
                SQLText.array(progress.map { $0 == nil ? "f" : "t" }),
                SQLText.array(progress.map { $0.map { String($0.progress.done) } }),
                SQLText.array(progress.map { $0?.progress.total.map { String($0) } }),
                SQLText.array(progress.map { $0?.note }),
                SQLText.array(lines.map(\.record.dataHash)),
                SQLText.array(lines.map { $0.record.secondsSinceBegin.map { String($0) } }),
                SQLText.array(lines.map { SQLText.seconds($0.record.keep) }),
                SQLText.moment(now),
            ]
        )
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
