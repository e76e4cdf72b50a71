import Foundation
import Testing

/// Compares the schema files for readers with the tables that the migrations create.
@Suite("The schema files for readers")
struct SchemaFileTests {
    /// What describes a database, by its kind.
    private static let questions: [StoreUnderTest: [String]] = [
        .sqlite: [
            "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name",
            "SELECT tables.name, columns.* FROM sqlite_schema AS tables, pragma_table_xinfo(tables.name) AS columns "
                + "ORDER BY tables.name, columns.cid",
            "SELECT tables.name, indexes.name, indexes.\"unique\", indexes.origin, indexes.partial "
                + "FROM sqlite_schema AS tables, pragma_index_list(tables.name) AS indexes ORDER BY 1, 2",
            "SELECT tables.name, keys.* FROM sqlite_schema AS tables, pragma_foreign_key_list(tables.name) AS keys",
        ],
        .postgresql: [
            "SELECT relkind, relname, relpersistence, reloptions, pg_get_viewdef(oid) FROM pg_class "
                + "WHERE relnamespace = current_schema()::regnamespace ORDER BY 1, 2",
            "SELECT tables.relname, columns.attnum, columns.attname, format_type(columns.atttypid, columns.atttypmod), "
                + "columns.attnotnull, columns.attidentity, columns.attgenerated, columns.attcollation::regcollation, "
                + "pg_get_expr(defaults.adbin, defaults.adrelid) FROM pg_class AS tables JOIN pg_attribute AS columns "
                + "ON columns.attrelid = tables.oid AND columns.attnum > 0 LEFT JOIN pg_attrdef AS defaults "
                + "ON defaults.adrelid = tables.oid AND defaults.adnum = columns.attnum "
                + "WHERE tables.relnamespace = current_schema()::regnamespace AND tables.relkind = 'r' ORDER BY 1, 2",
            // A check that an upgrade adds need not be valid for older rows.
            "SELECT conrelid::regclass, conname, replace(pg_get_constraintdef(oid), ' NOT VALID', '') "
                + "FROM pg_constraint WHERE connamespace = current_schema()::regnamespace "
                + "ORDER BY conrelid::regclass::text, 2",
            "SELECT pg_get_indexdef(oid) FROM pg_class WHERE relkind = 'i' "
                + "AND relnamespace = current_schema()::regnamespace ORDER BY relname",
            "SELECT pg_get_triggerdef(triggers.oid) FROM pg_trigger AS triggers JOIN pg_class "
                + "ON pg_class.oid = tgrelid WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal ORDER BY 1",
            "SELECT pg_get_functiondef(oid) FROM pg_proc "
                + "WHERE pronamespace = current_schema()::regnamespace ORDER BY 1",
        ],
    ]

    @Test("each describes the tables of the newest version", arguments: StoreUnderTest.allCases)
    func same(_ kind: StoreUnderTest) async throws {
        let folder = StatementFile.package.appending(path: "Migrations")
        let file = folder.appending(path: "schema.\(kind == .sqlite ? "sqlite" : "postgresql").sql")
        let schema = try String(contentsOf: file, encoding: .utf8)
        try await Fixture.with(kind) { migrated in
            try await Fixture.with(kind, migrated: false) { described in
                try await described.sql(schema)
                for question in try #require(Self.questions[kind]) {
                    let made = try await migrated.rows(question).map(Self.plain)
                    let read = try await described.rows(question).map(Self.plain)
                    let isKnownEmpty = ["foreign_key_list", "pg_trigger"].contains(where: question.contains)
                    #expect(made.isEmpty == isKnownEmpty, "\(question)")
                    #expect(read == made, "\(question)")
                }
            }
        }
    }

    /// A statement without comments, and without the white space that changes nothing.
    private static func plain(_ sql: String) -> String {
        // Each PostgreSQL fixture has a schema of its own.
        sql.replacing(/\bschema_\d+\./, with: "").replacing(/--[^\n]*/, with: "")
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
            .replacing(#/ ?([(),]) ?/#) { "\($0.output.1)" }
    }
}
