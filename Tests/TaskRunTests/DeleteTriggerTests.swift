import TaskRun
import Testing

/// What a trigger does to the deletion of a task, as its text says.
@Suite("Triggers on DELETE")
struct DeleteTriggerTests {
    @Test(
        "a function of PostgreSQL refuses, keeps or lets go",
        arguments: [
            ("BEGIN RAISE EXCEPTION 'no'; END", true, DeleteTrigger.refuses),
            ("BEGIN raise\n  exception 'no'; END", false, .refuses), ("BEGIN RETURN NULL; END", true, .keeps),
            ("BEGIN RETURN NEW; END", true, .keeps), ("BEGIN RETURN NULL; END", false, .lets),
            ("BEGIN IF x THEN RETURN NULL; END IF; RETURN OLD; END", true, .lets),
            ("BEGIN -- raise exception\n /* raise exception */ RETURN OLD; END", true, .lets),
        ]
    )
    func postgreSQL(_ source: String, _ isBeforeRow: Bool, _ expected: DeleteTrigger) {
        #expect(DeleteTrigger.ofPostgreSQL(source, isBeforeRow: isBeforeRow) == expected)
    }

    @Test(
        "a trigger of SQLite refuses, keeps or lets go",
        arguments: [
            ("CREATE TRIGGER a BEFORE DELETE ON tasks BEGIN SELECT RAISE(ABORT, 'no'); END", DeleteTrigger.refuses),
            ("CREATE TRIGGER a AFTER delete\non tasks begin SELECT raise( rollback, 'no'); END", .refuses),
            ("CREATE TRIGGER a BEFORE DELETE ON tasks BEGIN SELECT RAISE(IGNORE); END", .keeps),
            ("CREATE TRIGGER a BEFORE INSERT ON tasks BEGIN SELECT RAISE(ABORT, 'no'); END", .lets),
            ("CREATE TRIGGER a AFTER DELETE ON tasks BEGIN INSERT INTO log VALUES (OLD.id); END", .lets),
        ]
    )
    func sqlite(_ statement: String, _ expected: DeleteTrigger) {
        #expect(DeleteTrigger.ofSQLite(statement) == expected)
    }
}
