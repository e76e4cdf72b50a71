import Platform
import TaskRun

/// Finds what `taskrun check` reports about this database.
struct ServerCheck: Sendable {
    let store: PostgreSQLStore

    func findings() async throws(StoreError) -> [Finding] {
        let (facts, pooler, encryption) = try await store.reach(to: "look at the server") { session in
            let before = Date()
            let row = try session.rows(of: Request(CheckSQL.server)).only
            let machineTime = before.addingTimeInterval(Date().timeIntervalSince(before) / 2)
            let holder = try session.rows(of: Request(CheckSQL.horizonHolder)).first
            let facts = ServerFacts(
                version: row.text("version"),
                versionNumber: session.serverVersion,
                encoding: row.text("encoding"),
                isInRecovery: row.bool("is_standby"),
                isReadOnly: row.bool("is_read_only"),
                fsync: row.text("fsync"),
                synchronousCommit: row.text("synchronous_commit"),
                clockAhead: Double(row.integer("now")) / 1_000_000 - machineTime.timeIntervalSince1970,
                horizonHolder: holder.map { HorizonHolder($0) }
            )
            return (facts, session.pooler(), session.encryption)
        }
        let triggers = await notifyFinding(try await NotifyTriggers(store: store).areInstalled(), pooler)
        var rows: [Finding] = []
        let mayWrite = !facts.isInRecovery && !facts.isReadOnly
        // Nothing is read from tables that are not taskrun's: a view may call functions of the role that made it. If a
        // right is missing to look at them, a finding names it.
        var (isKnown, isReadable) = (true, true)
        do throws(StoreError) {
            try await store.requireSchema()
        } catch {
            (isKnown, isReadable) = (error.code == .database, false)
        }
        if isKnown {
            let around = try await TableCheck(store: store).facts(mayWrite: mayWrite)
            rows = around.findings
            // A role that may not write the rows cannot try them either, as that takes claims that are undone.
            isReadable = isReadable && around.missing.allSatisfy { $0.right == "USAGE" }
            if isReadable { rows += try await oddities() }
            if mayWrite, isReadable { rows += try await rowFindings() }
        }
        return facts.findings(location: store.location)
            + [encryption.finding, pooler?.finding].compactMap(\.self) + [triggers] + rows
    }

    /// The oddities of the tables.
    private func oddities() async throws(StoreError) -> [Finding] {
        let most = String(OddRows.most)
        return try await store.reach(to: "look for odd rows") { session in
            let answers = try session.exchange([Request(CheckSQL.oddRows, [most]), Request(CheckSQL.unlogged)])
            let odd = answers[CheckSQL.oddRows].map { (kind: $0.integer("kind"), id: $0.integer("id")) }
            let ids = (0...2).map { kind in odd.filter { $0.kind == kind }.map(\.id) }
            let rows = OddRows(farLeases: ids[0], farHolders: ids[1], greatIDs: ids[2])
            return rows.findings + answers[CheckSQL.unlogged].map { Finding.unlogged($0.text("relname")) }
        }
    }

    private func notifyFinding(_ isOn: Bool, _ pooler: Pooler?) async -> Finding {
        let looks = "waiting runs look twelve times a second"
        guard isOn else { return Finding(.ok, "notify triggers", "none; \(looks)") }
        do throws(PostgreSQLFailure) {
            let arrive = try await (store.listener ?? store.main).run { session throws(PostgreSQLFailure) in
                try session.receivesNotifications()
            }
            if arrive { return Finding(.ok, "notify triggers", "wake waiting runs at the commit") }
        } catch {
            let found = "listen_database cannot be used: \(error.message); \(looks)"
            return Finding(.warning, "notify triggers", found, advice: "Name the server itself in listen_database.")
        }
        let found = "their messages do not come through \(pooler?.name ?? "the pooler"); \(looks)"
        let advice = "Set listen_database to the address of the server itself, without the pooler."
        return Finding(.warning, "notify triggers", found, advice: advice)
    }

    /// How many of the waiting rows are tried.
    private static let mostTried = 1000

    /// The rows that the table refuses to change, found by claims that are undone.
    private func rowFindings() async throws(StoreError) -> [Finding] {
        let request = ClaimRequest(owner: "check", names: ["check"], share: .usual(limit: 1, crashed: 0))
        guard let claim = Claim(request, now: nil) else { return [] }
        return try await store.reach(to: "look at the tasks") { session in
            let limit = SessionSettings.maintenanceLimit
            let look = [
                Request(CheckSQL.firstWaiting, [String(Self.mostTried)]), Request(CheckSQL.conditions),
                Request(CheckSQL.stuck),
            ]
            let answers = try session.exchange([.begin, SessionSettings.maintenance] + look + [.commit], within: limit)
            var ids = answers[CheckSQL.firstWaiting].map { $0.integer("id") }
            for row in answers[CheckSQL.conditions] {
                let look = Statement(once: BuiltSQL.rows(notFulfilling: row.text("condition")))
                let asked = [.begin, SessionSettings.maintenance, Request(look), .commit]
                ids += try session.exchange(asked, within: limit)[look].map { $0.integer("id") }
            }
            let tried = Set(ids).sorted()
            let refused = try RefusedRows(claim, in: session).refused(among: tried).filter { !$0.isForNow }
            let stuck = answers[CheckSQL.stuck]
                .map { RefusedRow(id: $0.integer("task_id"), name: nil, cause: $0.text("error")) }
            let count = answers[CheckSQL.stuck].first.map { Int($0.integer("total")) } ?? 0
            return [Finding.refused(refused, of: tried.count)] + [Finding.stuck(stuck, count: count)].compactMap(\.self)
        }
    }
}

extension Pooler {
    /// What is between this program and the server, and what follows from it.
    var finding: Finding {
        let head = { (mode: String) in "\(name), in \(mode); no setting is left in its sessions" }
        let sight = "the server sees its address in place of this host's"
        switch mode {
        case .session:
            let follows = "each run keeps one of its connections to the server from begin to end"
            return Finding(.ok, "pooler", "\(head("session mode")); \(follows); \(sight)")
        case .transaction:
            let follows =
                "no notification comes through; what an SQL file sets for the session, it leaves to other programs"
            let advice =
                "In SQL files write SET LOCAL, and set_config(…, true); for migrate --notify set listen_database."
            return Finding(.ok, "pooler", "\(head("transaction mode")); \(follows); \(sight)", advice: advice)
        case .unknown:
            let advice = "Let it give out two connections at once (PgBouncer: default_pool_size, max_client_conn)."
            return Finding(.warning, "pooler", head("a mode that could not be seen"), advice: advice)
        }
    }
}

extension Finding {
    fileprivate static func unlogged(_ table: String) -> Finding {
        let found = "the table \(table) is unlogged: a crash of the server empties it"
        return Finding(.warning, "durability", found, advice: "Run: ALTER TABLE \(table) SET LOGGED")
    }
}
