import TaskRun

/// Where taskrun's tables are, if not in the schema in which they are looked for.
extension PostgreSQLStore {
    private struct Place {
        let schema: String
        let mayUse: Bool
    }

    /// Why there are no tables: most often they are in another schema, as one named like the user comes first in `search_path`.
    func missingTables(_ schema: String, _ doing: String) async -> StoreError {
        let (places, path, role) = await places()
        let cause = "the schema \"\(schema)\" has no tables of taskrun"
        let advice = "Run taskrun migrate, with the same database."
        guard let other = places.first(where: { Self.names(path, role).contains($0.schema) && $0.schema != schema })
        else {
            guard places.count == 1, let only = places.first, only.mayUse else {
                return schemaError(doing, cause, advice)
            }
            return schemaError(
                doing,
                "\(cause); the schema \"\(only.schema)\" has, and search_path does not name it",
                advice
            )
        }
        guard other.mayUse else { return closed(other, doing, role) }
        return schemaError(
            doing,
            "\(cause), and the schema \"\(other.schema)\" has: \"\(schema)\" is the first one of search_path (\(path)) that exists",
            """
            Name the right one in the address (options=-csearch_path%3D\(other.schema)), \
            or run: ALTER ROLE "\(role)" SET search_path = "\(other.schema)"
            """
        )
    }

    /// Why `search_path` seems to name no schema that exists: this role may not use it.
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
        schemaError(
            doing,
            "the role \(role) may not use the schema \"\(place.schema)\", in which the tables are",
            "Run as its owner: GRANT USAGE ON SCHEMA \"\(place.schema)\" TO \"\(role)\""
        )
    }

    /// The schemas that have such tables, `search_path`, and this role; nothing where they cannot be read.
    private func places() async -> ([Place], path: String, role: String) {
        let found = try? await reach(to: "look for the tables") { session throws(PostgreSQLFailure) in
            try session.rows(of: Request(SchemaSQL.places)).map { row in
                (row.textIfAny("schema"), row.textIfAny("may_use") == "t", row.text("path"), row.text("role"))
            }
        }
        let places = (found ?? []).compactMap { schema, mayUse, _, _ in schema.map { Place(schema: $0, mayUse: mayUse) }
        }
        return (places, found?.first?.2 ?? "", found?.first?.3 ?? "")
    }
}
