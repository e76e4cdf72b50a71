import Migrations
import TaskRun
import Testing

@Suite("Schema")
struct SchemaConformanceTests {
    @Test(
        "a fresh database gets all versions, a second migration has nothing to do",
        arguments: StoreUnderTest.allCases
    )
    func fresh(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind, migrated: false) { fixture in
            let missing = await #expect(throws: StoreError.self) { try await fixture.store.requireSchema() }
            #expect(
                missing?.code == .schema && missing?.advice?.contains("taskrun") == true
                    && missing?.advice?.contains("migrate") == true
            )
            #expect(try await fixture.store.schemaVersions().allSatisfy { !$0.isApplied })
            let applied = try await fixture.store.migrate()
            #expect(applied.map(\.version) == Array(1...applied.count) && !applied.isEmpty)
            #expect(try await fixture.store.migrate().isEmpty)
            #expect(try await fixture.store.schemaVersions().allSatisfy(\.isApplied))
            try await fixture.store.requireSchema()
        }
    }

    @Test(
        "a database of an older version gets what is missing, and keeps its tasks",
        arguments: StoreUnderTest.allCases
    )
    func older(_ kind: StoreUnderTest) async throws {
        let known = Migration.all(for: kind == .sqlite ? .sqlite : .postgresql)
        for version in 1..<known.count {
            try await Fixture.with(kind, migrated: false) { fixture in
                for step in known.prefix(version) {
                    try await fixture.sql(step.sql)
                    try await fixture.sql(
                        "INSERT INTO task_migrations (version, name, checksum) "
                            + "VALUES (\(step.version), '\(step.name)', '\(step.checksum)')"
                    )
                }
                try await fixture.sql("INSERT INTO tasks (task_name) VALUES ('A')")
                let error = await #expect(throws: StoreError.self) { try await fixture.store.requireSchema() }
                #expect(error?.code == .schema && error?.cause.contains("version \(version)") == true)
                let applied = try await fixture.store.schemaVersions().map(\.isApplied)
                #expect(applied == known.map { $0.version <= version })
                #expect(try await fixture.store.migrate().map(\.version) == Array(version + 1...known.count))
                try await fixture.store.requireSchema()
                #expect(try await fixture.rows("SELECT task_name, status FROM tasks") == ["A|WAITING"])
            }
        }
    }

    @Test("two migrators at once queue up", arguments: StoreUnderTest.allCases)
    func twoAtOnce(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind, migrated: false) { fixture in
            let other = try fixture.anotherStore()
            async let one = fixture.store.migrate()
            async let two = other.migrate()
            let counts = try await [one.count, two.count].sorted()
            #expect(counts[0] == 0 && counts[1] > 0)
            await other.close()
        }
    }

    @Test("a foreign table named tasks is refused, untouched", arguments: StoreUnderTest.allCases)
    func foreign(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind, migrated: false) { fixture in
            try await fixture.sql("CREATE TABLE tasks (id integer, todo text)")
            try await fixture.sql("INSERT INTO tasks VALUES (1, 'milk')")
            try await expectRefusal(fixture, "did not make")
            #expect(try await fixture.rows("SELECT id, todo FROM tasks") == ["1|milk"])
        }
    }

    @Test("a newer database is refused, untouched", arguments: StoreUnderTest.allCases)
    func newer(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("INSERT INTO task_migrations (version, name, checksum) VALUES (99, 'future', 'x')")
            try await expectRefusal(fixture, "version 99")
        }
    }

    @Test("a checksum that differs is refused, untouched", arguments: StoreUnderTest.allCases)
    func edited(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.sql("UPDATE task_migrations SET checksum = 'x' WHERE version = 1")
            try await expectRefusal(fixture, "other SQL")
        }
    }

    private func expectRefusal(_ fixture: Fixture, _ cause: String) async throws {
        let before = try? await fixture.rows("SELECT * FROM task_migrations")
        for attempt in 0..<3 {
            let error = await #expect(throws: StoreError.self) {
                switch attempt {
                case 0: _ = try await fixture.store.migrate()
                case 1: try await fixture.store.requireSchema()
                default: _ = try await fixture.store.schemaVersions()
                }
            }
            #expect(error?.code == .schema)
            #expect(error?.cause.contains(cause) == true, "\(String(describing: error))")
            #expect(error?.advice != nil)
        }
        #expect((try? await fixture.rows("SELECT * FROM task_migrations")) == before)
    }

    @Test("the plan is decided by what is found")
    func plan() {
        let known = (1...3).map { Migration(version: $0, name: "m\($0)", sql: "SELECT \($0)") }
        func applied(_ versions: Int...) -> SchemaState {
            SchemaState(
                applied: versions.map { .init(version: $0, checksum: known[$0 - 1].checksum) },
                hasTasksTable: true
            )
        }
        #expect(MigrationPlan.decide(found: applied(1, 2, 3), known: known) == .upToDate)
        #expect(MigrationPlan.decide(found: applied(1), known: known) == .apply(Array(known[1...]), from: 1))
        #expect(MigrationPlan.decide(found: applied(1, 3), known: known) == .refuse(.incomplete(version: 2)))
        #expect(
            MigrationPlan.decide(found: SchemaState(applied: nil, hasTasksTable: false), known: known)
                == .apply(known, from: 0)
        )
        #expect(
            MigrationPlan.decide(found: SchemaState(applied: nil, hasTasksTable: true), known: known)
                == .refuse(.foreignTable)
        )
    }

    @Test(
        "a run that finds the tables migrated beyond it claims nothing more, and what it holds can be settled",
        arguments: StoreUnderTest.allCases
    )
    func migratedMeanwhile(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(3)
            try await fixture.add(1, columns: "lock_key", values: "'k'")
            try await fixture.add(1, columns: "expires_at", values: "'2020-01-01'")
            let held = try await fixture.claim(limit: 1)
            #expect(held.count == 1)
            let next = Migration.newest + 1
            try await fixture.sql("UPDATE task_migrations SET least_version = \(next) WHERE version = 1")
            let before = try await fixture.rows("SELECT * FROM tasks WHERE status <> 'PROCESSING' ORDER BY id")
            let request = ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 10, crashed: 10))
            let exchange = try await fixture.store.settle(
                held.map { Settlement($0.proof, .delete) },
                thenClaim: request,
                now: Fixture.start
            )
            #expect(exchange.results == [.settled] && exchange.claimed.isEmpty && exchange.expired.isEmpty)
            #expect(exchange.newerVersion == next)
            try await fixture.sql("INSERT INTO task_limits (kind, name, max_running) VALUES ('name', 'A', 5)")
            let limited = try await fixture.store.claim(request, within: [.name("A")], now: Fixture.start)
            #expect(limited.claimed.isEmpty && limited.newerVersion == next)
            #expect(try await fixture.rows("SELECT * FROM tasks ORDER BY id") == before)
            // With the program that knows them, the same tables go on.
            try await fixture.sql("UPDATE task_migrations SET least_version = \(Migration.newest) WHERE version = 1")
            #expect(try await fixture.claim().count == 3)
        }
    }

    @Test("that a newer program is needed is said beside a lease that is lost", arguments: StoreUnderTest.allCases)
    func migratedBesideLostLease(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add(2)
            let held = try #require(try await fixture.claim(limit: 1).first)
            let next = Migration.newest + 1
            try await fixture.sql("UPDATE task_migrations SET least_version = \(next) WHERE version = 1")
            let exchange = try await fixture.store.settle(
                [Settlement(ClaimProof(id: held.id, number: held.proof.number + 1), .delete)],
                thenClaim: ClaimRequest(owner: "me", names: ["A"], share: .usual(limit: 10, crashed: 10)),
                now: Fixture.start
            )
            #expect(exchange.results == [.leaseLost] && exchange.claimed.isEmpty)
            #expect(exchange.newerVersion == next)
        }
    }

    @Test("an id above 2^62 is refused, by INSERT and by UPDATE", arguments: StoreUnderTest.allCases)
    func greatIDs(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.add()
            for id in ["4611686018427387905", "9223372036854775807"] {
                await #expect(throws: (any Error).self) {
                    try await fixture.sql("INSERT INTO tasks (id, task_name) VALUES (\(id), 'A')")
                }
                await #expect(throws: (any Error).self) { try await fixture.sql("UPDATE tasks SET id = \(id)") }
            }
            // The greatest that may be given does not keep the next ones from being numbered.
            try await fixture.sql("INSERT INTO tasks (id, task_name) VALUES (4611686018427387904, 'A')")
            try await fixture.add()
            #expect(try await fixture.claim().count == 3)
        }
    }

    @Test(
        "rows with ids above 2^62 from before are performed, and INSERTs work again",
        arguments: StoreUnderTest.allCases
    )
    func greatIDsFromBefore(_ kind: StoreUnderTest) async throws {
        let known = Migration.all(for: kind == .sqlite ? .sqlite : .postgresql)
        try await Fixture.with(kind, migrated: false) { fixture in
            for step in known.prefix(7) {
                try await fixture.sql(step.sql)
                try await fixture.sql(
                    "INSERT INTO task_migrations (version, name, checksum) "
                        + "VALUES (\(step.version), '\(step.name)', '\(step.checksum)')"
                )
            }
            try await fixture.add()
            try await fixture.add(columns: "id", values: "9223372036854775806")
            try await fixture.add(columns: "id", values: "9223372036854775807")
            _ = try await fixture.store.migrate()
            try await fixture.add()
            let claimed = try await fixture.claim()
            #expect(claimed.count == 4)
            let proofs = claimed.map { Settlement($0.proof, .delete) }
            let results = try await fixture.store.settle(proofs, thenClaim: nil, now: Fixture.start).results
            #expect(results.allSatisfy { $0 == .settled })
            try await fixture.add()
            #expect(try await fixture.claim().count == 1)
        }
    }

    @Test("both dialects have the same versions, and shipped ones are never edited")
    func shipped() {
        let checksums = Dialect.allCases.map { Migration.all(for: $0).map(\.checksum) }
        #expect(checksums[0].count == checksums[1].count)
        for dialect in Dialect.allCases {
            let known = Migration.all(for: dialect)
            #expect(known.map(\.version) == Array(1...checksums[0].count))
            #expect(known == known.map { Migration(version: $0.version, name: $0.name, sql: $0.sql) })
        }
    }
}
