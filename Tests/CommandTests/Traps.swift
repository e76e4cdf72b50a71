import Foundation
import TestSupport
import Testing

/// Functions and operators of somebody's, named as PostgreSQL's own and with types that fit better, in the schema `public`.
///
/// There is one of each name that the sources mention and of each pair of types that statements have to do with, unless PostgreSQL has it
/// itself. A caller counts up a sequence, which no ROLLBACK undoes, and fails.
enum Traps {
    /// Who made them; the role may make things in `public`, and no more.
    static let role = "trapper"

    /// Makes a database in which they are.
    ///
    /// - Returns: Its name.
    static func makeDatabase(on server: PostgreSQLServer) async throws -> String {
        let name = "traps_\(UUID().uuidString.lowercased().filter { $0 != "-" })"
        try await server.psql("CREATE DATABASE \(name) TEMPLATE \(try await template.value)")
        return name
    }

    // A task of its own, so that tests which ask at the same time wait for the same one.
    private static let template = Task {
        let server = try await PostgreSQLServer.shared()
        let name = "traps"
        try await server.psql("CREATE ROLE \(role) LOGIN; CREATE DATABASE \(name)")
        let url = server.superuserURL.replacing("@/postgres?", with: "@/\(name)?")
        try await server.psql("GRANT CREATE ON SCHEMA public TO \(role)", on: url)
        try await server.psql(try sql(), on: url.replacing("postgres@/", with: "\(role)@/"))
        return name
    }

    /// How often one was called, or more.
    static func calls(_ place: Scratch) async throws -> [String] {
        try await place.sql("SELECT last_value, is_called FROM public.caught")
    }

    private static let types = [
        "text", "name", "varchar", "int2", "int4", "int8", "float8", "numeric", "bool", "timestamptz", "timestamp",
        "interval", "json",
        "oid", "regclass", "tid", "text[]", "int4[]", "int8[]", "anyelement",
    ]

    private static let operators = [
        "=", "<>", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "||", "~", "!~", "~~", "!~~", "&", "|", "@>", "<@",
        "&&",
    ]

    /// Every word before a bracket in what may hold SQL: PostgreSQL knows which of them are functions.
    private static func words() throws -> [String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        var words: Set<String> = []
        for folder in ["Sources/PostgreSQLStore", "Migrations"] {
            let files = FileManager.default.enumerator(
                at: root.appending(path: folder),
                includingPropertiesForKeys: nil
            )
            for case let file as URL in try #require(files) where ["swift", "sql"].contains(file.pathExtension) {
                let text = try String(contentsOf: file, encoding: .utf8)
                words.formUnion(text.matches(of: /\b([a-z][a-z_0-9]*)\s*\(/).map { String($0.1) })
            }
        }
        return words.sorted()
    }

    private static func sql() throws -> String {
        func list(_ values: [String]) -> String { values.map { "'\($0)'" }.joined(separator: ", ") }
        let body = "BEGIN PERFORM pg_catalog.nextval(''public.caught''); RAISE EXCEPTION ''a trap was called''; END"
        return """
            SET check_function_bodies = off;
            SET client_min_messages = error;
            SET search_path = pg_catalog, public;
            CREATE SEQUENCE public.caught;
            GRANT ALL ON SEQUENCE public.caught TO PUBLIC;
            DO $$
            DECLARE
                types text[] := ARRAY[\(list(types))];
                operator_names text[] := ARRAY[\(list(operators))];
                function record;
                one text;
                two text;
                operator_name text;
                gives text;
            BEGIN
                FOR function IN
                    SELECT proname, pronargs, max(provariadic) <> 0 AS takes_many,
                        coalesce(min(prorettype::regtype::text) FILTER (WHERE prorettype::regtype::text !~ '^any|record|trigger|cstring|internal'), 'text') AS gives
                    FROM pg_proc
                    WHERE pronamespace = 'pg_catalog'::regnamespace AND pronargs > 0 AND proname = ANY (ARRAY[\(list(try words()))])
                    GROUP BY proname, pronargs
                LOOP
                    FOREACH one IN ARRAY types LOOP
                        BEGIN
                            EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql AS ''\(body.replacing("''", with: "''''"))''',
                                function.proname, one, function.gives);
                        EXCEPTION WHEN others THEN NULL;
                        END;
                        CONTINUE WHEN function.pronargs < 2 AND NOT function.takes_many;
                        FOREACH two IN ARRAY types LOOP
                            BEGIN
                                EXECUTE format('CREATE FUNCTION public.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS ''\(body.replacing("''", with: "''''"))''',
                                    function.proname, one, two, function.gives);
                            EXCEPTION WHEN others THEN NULL;
                            END;
                        END LOOP;
                    END LOOP;
                END LOOP;
                FOREACH one IN ARRAY types LOOP
                    FOREACH two IN ARRAY types LOOP
                        FOREACH operator_name IN ARRAY operator_names LOOP
                            gives := CASE
                                WHEN operator_name = '||' THEN 'text'
                                WHEN operator_name IN ('+', '-', '*', '/', '%', '&', '|') THEN one
                                ELSE 'bool'
                            END;
                            BEGIN
                                EXECUTE format('CREATE OR REPLACE FUNCTION public.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS ''\(body.replacing("''", with: "''''"))''',
                                    'trap_' || gives, one, two, gives);
                                EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.%I)',
                                    operator_name, one, two, 'trap_' || gives);
                            EXCEPTION WHEN others THEN NULL;
                            END;
                        END LOOP;
                    END LOOP;
                END LOOP;
            END
            $$;
            CREATE FUNCTION public.concat(integer, text, double precision) RETURNS text LANGUAGE plpgsql AS '\(body)';
            CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE plpgsql AS '\(body)';
            CREATE FUNCTION public.statement_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS '\(body)';
            CREATE FUNCTION public.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS '\(body)';
            """
    }
}
