import TaskRun

/// Finds taskrun's tables if they are not in the schema in which the store looks for them.
struct TablePlaces: Sendable {
    let store: PostgreSQLStore

    private struct Place {
        let schema: String
        let mayUse: Bool
    }

    /// The error about missing tables.
    ///
    /// Most often they are in another schema, as one named like the role comes first in `search_path`.
    func missingTables(_ schema: String, _ doing: String) async -> StoreError {
        let (places, path, role) = await places()
        let cause = "the schema \"\(schema)\" has no tables of taskrun"
        let advice = "Run taskrun migrate, with the same database."
        guard let other = places.first(where: { Self.names(path, role).contains($0.schema) && $0.schema != schema })
        else {
            guard places.count == 1, let only = places.first, only.mayUse else {
                return store.schemaError(doing, cause, advice)
            }
            let found = "\(cause); the schema \"\(only.schema)\" has, and search_path does not name it"
            return store.schemaError(doing, found, advice)
        }
        guard other.mayUse else { return closed(other, doing, role) }
        return store.schemaError(
            doing,
            """
            \(cause), and the schema "\(other.schema)" has: "\(schema)" is the first one of search_path (\(path)) that \
            exists
            """,
            """
            Name the right one in the address (options=-csearch_path%3D\(other.schema)), \
            or run: ALTER ROLE "\(role)" SET search_path = "\(other.schema)"
            """
        )
    }

    /// The error about a schema that this role may not use, if that is why `search_path` seems to name none that
    /// exists.
    func closedSchema(_ doing: String) async -> StoreError? {
        let (places, path, role) = await places()
        return places.first { !$0.mayUse && Self.names(path, role).contains($0.schema) }.map { closed($0, doing, role) }
    }

    /// The schemas that a path names.
    private static func names(_ path: String, _ role: String) -> [String] {
        path.split(separator: ",").map { name in
            let name = name.trimmingPrefix { $0.isWhitespace || $0 == "\"" }.prefix { $0 != "\"" }
            return name == "$user" ? role : String(name)
        }
    }

    private func closed(_ place: Place, _ doing: String, _ role: String) -> StoreError {
        let cause = "the role \(role) may not use the schema \"\(place.schema)\", in which the tables are"
        let advice = "Run as its owner: GRANT USAGE ON SCHEMA \"\(place.schema)\" TO \"\(role)\""
        return store.schemaError(doing, cause, advice)
    }

    /// The schemas that have such tables, `search_path`, and this role; empty if they cannot be read.
    private func places() async -> ([Place], path: String, role: String) {
        let found = try? await store.reach(to: "look for the tables") { session in
            try session.rows(of: Request(SchemaSQL.places)).map { row in
                (row.textIfAny("schema"), row.textIfAny("may_use") == "t", row.text("path"), row.text("role"))
            }
        }
        let places = (found ?? []).compactMap { schema, mayUse, _, _ in schema.map { Place(schema: $0, mayUse: mayUse) }
        }
        return (places, found?.first?.2 ?? "", found?.first?.3 ?? "")
    }
}
