import TaskRun
import Testing

@testable import PostgreSQLStore

@Suite("An SQL script is cut")
struct SQLScriptTests {
    private func parts(_ sql: String) -> [String] { SQLScript(sql).parts.map(\.sql) }
    private func names(_ sql: String) -> [String] { SQLScript(sql).parts.flatMap(\.names) }

    @Test("at semicolons, and empty statements are left out")
    func statements() {
        #expect(parts("DELETE FROM a; ; DELETE FROM b ;-- end\n;") == ["DELETE FROM a", " DELETE FROM b "])
        #expect(parts("").isEmpty)
        #expect(parts("-- nothing\n/* at all */").isEmpty)
    }

    @Test("and each place of a name gets a number of its own, from 1 in each statement")
    func numbers() {
        let script = SQLScript("UPDATE a SET b = :b WHERE c = :c AND d = :b; SELECT :c")
        #expect(script.parts.map(\.sql) == ["UPDATE a SET b = $1 WHERE c = $2 AND d = $3", " SELECT $1"])
        #expect(script.parts.map(\.names) == [["b", "c", "b"], ["c"]])
    }

    @Test(
        "and what looks like a name is none",
        arguments: [
            "SELECT 'a :x; b'", "SELECT 'it''s :x; b'", #"SELECT "a:x;""b""#, #"SELECT E'\':x;'"#,
            #"SELECT e'a\\\':x;'''"#,
            "SELECT $$ :x; $$", "SELECT $tag$ $$ :x; $x$ $tag$", "SELECT 1 -- :x;", "SELECT 1 /* :x; /* :y; */ :z */",
            "SELECT a::text", "SELECT a :: text", "SELECT a[1:n]", "SELECT a[lower(b):upper_end]", "SELECT f(a := 1)",
            "SELECT a[1 : n]", "SELECT U&'d\\0061:x'", "SELECT B'1:x'", "SELECT 1 : 2",
        ]
    )
    func noNames(_ sql: String) {
        #expect(SQLScript(sql).parts == [SQLScript.Part(sql: sql, names: [], words: SQLScript(sql).parts[0].words)])
    }

    @Test(
        "and names are found next to anything",
        arguments: [
            ("SELECT :x", ["x"]), ("SELECT (:x)", ["x"]), ("SELECT :x::int", ["x"]), ("SELECT a=:x", ["x"]),
            ("SELECT ARRAY[:x,:y]", ["x", "y"]), ("SELECT a[:x]", ["x"]), ("SELECT a[:x : :y]", ["x", "y"]),
            ("SELECT ARRAY[CASE WHEN :x THEN 1 END]", ["x"]), ("SELECT 'a':x", ["x"]), ("SELECT 1-:x", ["x"]),
            ("SELECT :größe_2", ["größe_2"]), ("SELECT foo$1$ || :x || '$1$'", ["x"]), ("SELECT date':x' + :y", ["y"]),
            ("SELECT \\:x", ["x"]), ("SELECT '\\' || :x", ["x"]), ("SELECT $1, :x", ["x"]),
            ("SELECT /**/ :x --:y", ["x"]), ("SELECT a[f(:x):b]", ["x"]),
        ] as [(String, [String])]
    )
    func names(_ sql: String, _ expected: [String]) {
        #expect(names(sql) == expected)
    }

    @Test(
        "and what it sets it sets for its transaction",
        arguments: [
            ("SET search_path = a, b", "SET LOCAL search_path = a, b"), ("set \"x\" to 1", "set LOCAL \"x\" to 1"),
            ("SET SESSION x = :x", "SET  LOCAL x = $1"),
            ("SET /* why */ TIME ZONE 'UTC'", "SET /* why */ LOCAL TIME ZONE 'UTC'"),
            ("SET ROLE a", "SET LOCAL ROLE a"), ("SET SESSION AUTHORIZATION a", "SET  LOCAL SESSION AUTHORIZATION a"),
            ("SET LOCAL x = 1", "SET LOCAL x = 1"), ("SET CONSTRAINTS ALL DEFERRED", "SET CONSTRAINTS ALL DEFERRED"),
            ("SET TRANSACTION READ ONLY", "SET TRANSACTION READ ONLY"),
            (
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
                "SET  SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"
            ), ("UPDATE a SET b = 1", "UPDATE a SET b = 1"),
        ]
    )
    func settings(_ sql: String, _ expected: String) {
        #expect(parts(sql) == [expected])
    }

    @Test("a comment ends at a carriage return, as to the server")
    func carriageReturn() {
        #expect(SQLScript("SELECT 1 -- x\r:v1").parts.map(\.names) == [["v1"]])
        #expect(SQLScript("SELECT 1 -- x :v1\n").parts.map(\.names) == [[]])
    }

    @Test("and without names it is the same text again, whatever it holds")
    func roundTrip() {
        for sql in [
            "CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; DELETE FROM c)", "SELECT 'open", "SELECT $a$ open",
            "SELECT /* open", "SELECT E'\\", "SELECT \"", "$", "$a", "a $ b", "é", "(", ")", "SELECT 1)", ":", "::",
            ":=",
        ] {
            #expect(parts(sql) == (sql == "SELECT /* open" ? ["SELECT /* open"] : [sql]))
        }
    }

    @Test(
        "and statements that begin or end a transaction are seen",
        arguments: [
            "BEGIN", "begin work", "START TRANSACTION", "COMMIT", " /* x */ commit and chain", "END", "ROLLBACK",
            "Rollback Work", "ABORT", "PREPARE TRANSACTION 'x'",
        ]
    )
    func transactions(_ sql: String) throws {
        #expect(try #require(SQLScript(sql).parts.first).controlsTransaction)
    }

    @Test(
        "and statements that do not are let through",
        arguments: [
            "SAVEPOINT a", "ROLLBACK TO a", "ROLLBACK WORK TO SAVEPOINT a", "RELEASE a", "PREPARE a AS SELECT 1",
            "SELECT 'COMMIT'", "DO $$ BEGIN NULL; END $$",
        ]
    )
    func others(_ sql: String) throws {
        #expect(try #require(SQLScript(sql).parts.first).controlsTransaction == false)
    }

    @Test("and values are bound in their places, in PostgreSQL's spelling")
    func values() throws {
        let script = Script(
            sql: "SELECT :a, :b, :c, :d, :e, :f",
            values: [
                "a": .null, "b": .bool(true), "c": .integer(-5), "d": .number("1e400"), "e": .text("x"),
                "f ": .bool(false),
            ]
        )
        #expect(try BoundScript(script).requests.map(\.values) == [[nil, "true", "-5", "1e400", "x", "false"]])
    }

    @Test("and a name without a value is told")
    func missing() {
        let script = Script(sql: "SELECT :a, :b", values: ["a": .null])
        #expect(throws: BoundScript.Flaw.missing(name: "b")) { try BoundScript(script) }
    }
}
