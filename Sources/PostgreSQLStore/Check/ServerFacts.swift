import TaskRun

/// The facts about a server for `taskrun check`.
struct ServerFacts: Sendable {
    var version: String
    /// 150018 for 15.18.
    var versionNumber: Int
    var encoding: String
    var isInRecovery: Bool
    var isReadOnly: Bool
    var fsync: String
    var synchronousCommit: String
    /// Seconds that the server's clock is ahead of this machine's.
    var clockAhead: Double
    /// The holder of the horizon, however short.
    var horizonHolder: HorizonHolder?

    func findings(location: String) -> [Finding] {
        [Finding(.ok, "database", location), server, encodingFinding, access, durability, clock, transactions]
    }

    private var server: Finding {
        let found = "PostgreSQL \(version)"
        guard versionNumber < 130_000 else { return Finding(.ok, "server version", found) }
        return Finding(.error, "server version", found, advice: "Use PostgreSQL 13 or later.")
    }

    private var encodingFinding: Finding {
        let advice = "Use a database with the encoding UTF8 (createdb --encoding UTF8 --template template0)."
        guard encoding != "UTF8" else { return Finding(.ok, "encoding", encoding) }
        return Finding(.error, "encoding", encoding, advice: advice)
    }

    private var access: Finding {
        if isInRecovery {
            let advice = "Name the primary server in the database URL."
            return Finding(.error, "access", "the server is a standby", advice: advice)
        }
        guard isReadOnly else { return Finding(.ok, "access", "read and write") }
        let advice = "Set default_transaction_read_only to off for this user."
        return Finding(.error, "access", "transactions are read-only", advice: advice)
    }

    private var durability: Finding {
        for (setting, value) in [("fsync", fsync), ("synchronous_commit", synchronousCommit)] where value == "off" {
            let advice = "Set \(setting) to on: a power failure can otherwise lose the tasks that were added last."
            return Finding(.warning, "durability", "\(setting) is off", advice: advice)
        }
        return Finding(.ok, "durability", "fsync is \(fsync), synchronous_commit is \(synchronousCommit)")
    }

    private var clock: Finding {
        let seconds = Int(clockAhead.rounded())
        guard abs(clockAhead) > 5 else { return Finding(.ok, "clock", "the server's and this machine's agree") }
        let way = seconds > 0 ? "ahead of" : "behind"
        let found = "the server's clock is \(abs(seconds)) s \(way) this machine's"
        let advice = "Synchronize both clocks (chrony, systemd-timesyncd). The server's decides on run_at and leases."
        return Finding(.warning, "clock", found, advice: advice)
    }

    private var transactions: Finding {
        guard let holder = horizonHolder else { return Finding(.ok, "transactions", "none is open for long") }
        guard holder.isLong else { return Finding(.ok, "transactions", "none is open for long; \(holder.found)") }
        return Finding(.warning, "transactions", holder.sentence, advice: holder.advice)
    }
}
