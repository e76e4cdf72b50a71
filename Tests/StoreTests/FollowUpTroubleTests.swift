import Foundation
import TaskRun
import Testing

/// Tasks that are to follow and cannot be added, for reasons that are not in the task.
@Suite("Tasks that follow, in trouble")
struct FollowUpTroubleTests {
    /// Lets each addition of a task named `B` fail, as a trigger of the application does that nobody looked after.
    private func breakAdditions(_ fixture: Fixture) async throws {
        switch fixture.kind {
        case .sqlite:
            try await fixture.sql(
                """
                CREATE TRIGGER audit AFTER INSERT ON tasks WHEN NEW.task_name = 'B'
                BEGIN INSERT INTO no_such_table VALUES (NEW.id); END
                """
            )
        case .postgresql:
            try await fixture.sql(
                """
                CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql
                    AS $$ BEGIN INSERT INTO no_such_table VALUES (NEW.id); RETURN NEW; END $$;
                CREATE TRIGGER audit AFTER INSERT ON tasks FOR EACH ROW WHEN (NEW.task_name = 'B')
                    EXECUTE FUNCTION audit();
                """
            )
        }
    }

    @Test("a trigger that does not work makes the task FAILED, and not each run", arguments: StoreUnderTest.allCases)
    func brokenTrigger(_ kind: StoreUnderTest) async throws {
        try await Fixture.with(kind) { fixture in
            try await fixture.due(3)
            try await breakAdditions(fixture)
            let handler = ClosureHandler { task, context in
                if task.id == 2 { try? context.add(NewTask(name: "B")) }
                return .succeeded()
            }
            let report = try await fixture.makeRun([handler]).run()
            #expect((report.succeeded, report.failed, report.leaseLost) == (2, 1, 0))
            let row = try #require(try await fixture.store.show(2))
            #expect(row.status == .failed)
            #expect(row.lastError?.contains("no_such_table") == true, "\(row.lastError ?? "")")
        }
    }

    @Test(
        "what keeps the end of such a task from being written is waited for, and the task is not performed again",
        arguments: StoreUnderTest.allCases,
        FaultyStore.Fault.allCases
    )
    func passing(_ kind: StoreUnderTest, _ fault: FaultyStore.Fault) async throws {
        for number in 1...20 {
            var isSpent = false
            try await Fixture.with(kind) { fixture in
                try await fixture.due()
                let handler = ClosureHandler { _, context in
                    try? context.add(NewTask(name: "a/b"))
                    return .succeeded()
                }
                let faulty = FaultyStore(fixture.store, fault: fault, atCall: number)
                // A run that finds the table locked at its first call ends, and leaves the task to the next one.
                _ = try? await fixture.makeRun([handler], store: faulty).run()
                _ = try await fixture.makeRun([handler], pid: 2).run()
                isSpent = faulty.isSpent
                #expect(try await fixture.store.show(1)?.status == .failed, "call \(number)")
                #expect(handler.ids == [1], "call \(number)")
            }
            if !isSpent { return }
        }
        Issue.record("the run made more than 20 calls")
    }
}
