import Testing
import TestSupport

@Test("a server starts") func smoke() async throws {
    let server = try await PostgreSQLServer.shared()
    let url = try await server.makeDatabase()
    #expect(try await server.psql("SELECT current_schema()", on: url) == "schema_1")
    print(server.folder)
}
