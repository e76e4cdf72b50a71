import TaskRun

/// What there is to know about a server for `taskrun check`.
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
    /// Who holds the horizon, for however short.
    var horizonHolder: HorizonHolder?

    /// Judges the facts.
    func findings(location: String) -> [Finding] {
        [Finding(.ok, "database", location), server, encodingFinding, access, durability, clock, transactions]
    }

    private var server: Finding {
        versionNumber >= 130_000
            ? Finding(.ok, "server version", "PostgreSQL \(version)")
            : Finding(.error, "server version", "PostgreSQL \(version)", advice: "Use PostgreSQL 13 or later.")
    }

    private var encodingFinding: Finding {
        encoding == "UTF8"
            ? Finding(.ok, "encoding", encoding)
            : Finding(
                .error,
                "encoding",
                encoding,
                advice: "Use a database with the encoding UTF8 (createdb --encoding UTF8 --template template0)."
            )
    }

    private var access: Finding {
        if isInRecovery {
            return Finding(
                .error,
                "access",
                "the server is a standby",
                advice: "Name the primary server in the database URL."
            )
        }
        if isReadOnly {
            return Finding(
                .error,
                "access",
                "transactions are read-only",
                advice: "Set default_transaction_read_only to off for this user."
            )
        }
        return Finding(.ok, "access", "read and write")
    }

    private var durability: Finding {
        for (setting, value) in [("fsync", fsync), ("synchronous_commit", synchronousCommit)] where value == "off" {
            return Finding(
                .warning,
                "durability",
                "\(setting) is off",
                advice: "Set \(setting) to on: after a power cut, tasks that were added last can be gone."
            )
        }
        return Finding(.ok, "durability", "fsync is \(fsync), synchronous_commit is \(synchronousCommit)")
    }

    private var clock: Finding {
        let seconds = Int(clockAhead.rounded())
        guard abs(clockAhead) > 5 else { return Finding(.ok, "clock", "the server's and this machine's agree") }
        return Finding(
            .warning,
            "clock",
            "the server's clock is \(abs(seconds)) s \(seconds > 0 ? "ahead of" : "behind") this machine's",
            advice: "Keep both right (chrony or systemd-timesyncd): run_at and leases go by the server's clock."
        )
    }

    private var transactions: Finding {
        guard let holder = horizonHolder else { return Finding(.ok, "transactions", "none is open for long") }
        guard holder.isLong() else { return Finding(.ok, "transactions", "none is open for long; \(holder.found)") }
        return Finding(.warning, "transactions", "\(holder.found): \(HorizonHolder.harm)", advice: holder.remedy)
    }
}
