/// What is set on each new session, whatever the server, the database or the role have as default.
enum SessionSettings {
    /// For scripts: the user's own statements, planned as the server thinks best.
    ///
    /// A statement may take long, and the server looks for the end of the connection while it runs, so that the task of
    /// a run that was killed is not held for as long as that. PostgreSQL 13, and a server not on Linux, cannot do that.
    static let script =
        common + """
            ;
            DO $$ BEGIN
                PERFORM set_config('client_connection_check_interval', '1s', false);
            EXCEPTION WHEN undefined_object OR invalid_parameter_value THEN
                NULL;
            END $$
            """

    /// For the store's own statements.
    ///
    /// The planner is told to use the indexes these statements are made for. Left alone it goes by statistics, and those
    /// of this table are of little worth: it is empty now, has a million rows a minute later, and nobody has run ANALYZE
    /// in between. A plan made for the empty table would then read all of it at each claim. Nested loops over index
    /// scans cost the same at any size. The plans are made once a session (`force_generic_plan`), as none of them depends
    /// on a value, and never compiled: `jit` takes the price of a forbidden plan for a real one.
    static let store =
        common + """
            ;
            SET statement_timeout = '10s';
            SET default_transaction_isolation = 'read committed';
            SET plan_cache_mode = 'force_generic_plan';
            SET enable_seqscan = off;
            SET enable_bitmapscan = off;
            SET enable_hashjoin = off;
            SET enable_mergejoin = off;
            SET jit = off
            """

    /// The statement lexer counts on standard strings.
    ///
    /// A session that is lost in the middle of a transaction, with its rows locked, is ended by the server after a
    /// minute.
    private static let common = """
        SET standard_conforming_strings = on;
        SET idle_in_transaction_session_timeout = '60s'
        """

    /// Begins what people wait for and what may read the whole table: 30 s, and any plan.
    ///
    /// For the transaction only.
    static let maintenance = Request(
        Statement(
            "maintenance",
            """
            SELECT
                set_config('statement_timeout', '30s', true),
                set_config('plan_cache_mode', 'force_custom_plan', true),
                set_config('enable_seqscan', 'on', true),
                set_config('enable_bitmapscan', 'on', true),
                set_config('enable_hashjoin', 'on', true),
                set_config('enable_mergejoin', 'on', true)
            """
        )
    )

    /// Only the longer time limit: for statements that have an index of their own.
    static let patience = Request(
        Statement("patience", "SELECT set_config('statement_timeout', '30s', true)")
    )

    /// Lets the next statements of the transaction hardly wait for a lock where others are settled by it too.
    ///
    /// Alone a task may wait longer, as for a row that all programs count in.
    static func haste(isAlone: Bool) -> Request { isAlone ? second : tenth }

    private static let tenth = Request(Statement("haste", "SET LOCAL lock_timeout = '100ms'"))
    private static let second = Request(Statement("less_haste", "SET LOCAL lock_timeout = '1s'"))

    /// Takes ``haste(isAlone:)`` back.
    static let noHaste = Request(Statement("no_haste", "SET LOCAL lock_timeout TO DEFAULT"))

    /// How long to wait for an answer in a maintenance transaction.
    static let maintenanceLimit: Duration = .seconds(35)
}
