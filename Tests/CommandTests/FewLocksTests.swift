import Foundation
import TestSupport
import Testing

@Suite("A server with little room for locks")
struct FewLocksTests {
    @Test("takes fewer of them at a time, and every task is performed")
    func few() async throws {
        let server = try await PostgreSQLServer.start(settings: [
            "max_locks_per_transaction = 10", "max_connections = 20",
        ])
        try await Scratch.working(.postgresql, server: server) { place in
            try place.handler("WORK", "echo $TASKRUN_TASK_ID >> \"$LOG\"")
            try await place.add(400, columns: "lock_key", values: "'key ' || i")
            // Takes all the room there is, and leaves some.
            // It says so by a file: while all is taken, the server admits no other session that could look.
            let ready = place.folder.appending(path: "locks-taken").path
            let holder = try Call(
                [
                    "psql", "-Xqd", try #require(place.direct), "-c",
                    """
                    SET application_name = 'holder';
                    DO $$ DECLARE n integer := 0; BEGIN
                        LOOP
                            BEGIN
                                PERFORM pg_advisory_lock(7, n);
                                n := n + 1;
                            EXCEPTION WHEN out_of_memory THEN
                                EXIT;
                            END;
                        END LOOP;
                        FOR i IN 1..200 LOOP PERFORM pg_advisory_unlock(7, n - i); END LOOP;
                    END $$
                    """, "-c", "\\! touch '\(ready)'", "-c", "SELECT pg_sleep(3600)",
                ],
                environment: place.environment,
                folder: place.folder
            )
            try await eventually("the locks were never taken") {
                FileManager.default.fileExists(atPath: ready)
            }
            let end = try await place.taskrun("once", "--drain", "--concurrency", "4")
            #expect(end.status == 0 && end.errors.isEmpty, "\(end)")
            #expect(try await place.sql("SELECT count(*) FROM tasks") == ["0"])
            #expect(place.lines().count == 400 && Set(place.lines()).count == 400)
            try await place.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'"
            )
            _ = try await holder.answer()
        }
        try await server.stop(.immediate)
    }
}
