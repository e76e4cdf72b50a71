import Foundation
import Synchronization
import TaskRun
import TestSupport

@testable import PostgreSQLStore

/// A store on tables of its own, and psql to look at them from outside.
struct Fixture: Sendable {
    let server: PostgreSQLServer
    let url: String
    let store: PostgreSQLStore

    /// Runs SQL through psql.
    @discardableResult
    func psql(_ sql: String) async throws -> String { try await server.psql(sql, on: url) }

    /// A second store on the same tables, as another run has it.
    func another() throws -> PostgreSQLStore { try PostgreSQLStore(url) }

    /// Claims at most `limit` rows of the usual kind.
    func claim(
        _ limit: Int,
        names: [String] = ["A"],
        queues: QueueFilter? = nil,
        crashed: Int = 0,
        now: Date? = nil
    ) async throws -> [ClaimedTask] {
        try await store.claim(.of(limit, names: names, queues: queues, crashed: crashed), now: now)
    }
}

extension ClaimRequest {
    /// A request of the usual kind.
    static func of(
        _ limit: Int,
        owner: String = "me",
        names: [String] = ["A"],
        queues: QueueFilter? = nil,
        crashed: Int = 0
    ) -> ClaimRequest {
        ClaimRequest(owner: owner, names: names, queues: queues, share: .usual(limit: limit, crashed: crashed))
    }
}

/// Runs a test on fresh tables of the shared server.
func withStore(_ body: (Fixture) async throws -> Void) async throws {
    try await withStore(on: try await PostgreSQLServer.shared(), body)
}

/// Runs a test on fresh tables of this server.
func withStore(on server: PostgreSQLServer, _ body: (Fixture) async throws -> Void) async throws {
    let url = try await server.makeDatabase()
    let store = try PostgreSQLStore(url)
    _ = try await store.migrate()
    // On a busy machine any look may take long.
    store.memory.lanes.withLock { $0.costly = .seconds(3600) }
    try await body(Fixture(server: server, url: url, store: store))
    await store.close()
}

/// The store's error that a call throws; nil where it throws none.
func storeError<Result>(_ call: () async throws -> Result) async throws -> StoreError? {
    do {
        _ = try await call()
        return nil
    } catch let error as StoreError {
        return error
    }
}

/// Waits until a condition holds.
func eventually(within limit: Duration = .seconds(300), _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        if ContinuousClock.now > deadline { throw Command.Failure(description: "not within \(limit)") }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// Tries again where a lock was waited for in vain, as a run does.
func persistently<Value: Sendable>(
    _ body: @Sendable () async throws -> Value
) async throws -> Value {
    let end = ContinuousClock.now.advanced(by: .seconds(300))
    while true {
        do {
            return try await body()
        } catch let error as StoreError where [.locked, .held].contains(error.code) && ContinuousClock.now < end {
            continue
        }
    }
}

extension SessionSettings {
    /// The same as statements for psql.
    var statements: String { values.map { "SET \($0.name) = '\($0.value)'" }.joined(separator: "; ") }
}
