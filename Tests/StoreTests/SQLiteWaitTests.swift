import Foundation
import GRDB
@testable import SQLiteStore
import TaskRun
import Testing

@Suite("Waiting on SQLite")
struct SQLiteWaitTests {
    @Test(
        "a commit ends the wait, however the application keeps its journal",
        arguments: ["DELETE", "TRUNCATE", "PERSIST", "MEMORY", "OFF", "WAL"]
    )
    func journals(_ mode: String) async throws {
        try await Fixture.with(.sqlite) { fixture in
            let application = try await fixture.application(journal: mode)
            for synchronous in ["OFF", "NORMAL", "FULL"] {
                try await application.writeWithoutTransaction {
                    try $0.execute(sql: "PRAGMA synchronous = \(synchronous)")
                }
                for _ in 0..<5 {
                    async let isDue = fixture.store.waitForTasks(names: ["A"], queues: nil, until: .inOneMinute)
                    try await Task.sleep(for: .milliseconds(.random(in: 0...20)))
                    try await application.write { try $0.execute(sql: "INSERT INTO tasks (task_name) VALUES ('A')") }
                    #expect(try await isDue)
                    #expect(try await fixture.claim(now: Date()).count == 1)
                }
            }
            try application.close()
        }
    }

    @Test(
        "an application without a busy timeout never finds the file locked by a run that waits",
        arguments: ["DELETE", "TRUNCATE", "PERSIST", "WAL"]
    )
    func neverLocked(_ mode: String) async throws {
        try await Fixture.with(.sqlite) { fixture in
            let application = try await fixture.application(journal: mode)
            let wait = Task {
                try await fixture.store.waitForTasks(
                    names: ["A"],
                    queues: nil,
                    until: .now.advanced(by: .seconds(1800))
                )
            }
            var refusals = 0
            for number in 0..<3000 {
                do {
                    let name = number % 3 == 0 ? "A" : "B"
                    let sql = "INSERT INTO tasks (task_name, run_at) VALUES ('\(name)', '2999-01-01')"
                    try await application.write { try $0.execute(sql: sql) }
                } catch {
                    refusals += 1
                }
            }
            #expect(refusals == 0)
            try await application.write { try $0.execute(sql: "INSERT INTO tasks (task_name) VALUES ('A')") }
            let isDue = try await wait.value
            #expect(isDue)
            try application.close()
        }
    }

    @Test("a look reads no locked file and takes no lock: it works while another connection holds the file alone")
    func exclusive() async throws {
        try await Fixture.with(.sqlite) { fixture in
            try await fixture.due()
            let holder = try #require(RawConnection(path: fixture.path, options: "mode=rw"))
            try holder.run(Change(sql: "BEGIN EXCLUSIVE"))
            let isDue = try await fixture.store.waitForTasks(names: ["A"], queues: nil, until: .inOneMinute)
            #expect(isDue)
            try holder.run(Pragma.commit)
        }
    }

    @Test("an application that goes over to WAL meanwhile is noticed")
    func modeChange() async throws {
        try await Fixture.with(.sqlite) { fixture in
            let isDueAtFirst = try await fixture.store.waitForTasks(
                names: ["A"],
                queues: nil,
                until: .now + .milliseconds(50)
            )
            #expect(!isDueAtFirst)
            let application = try await fixture.application(journal: "WAL")
            async let isDue = fixture.store.waitForTasks(names: ["A"], queues: nil, until: .inOneMinute)
            try await application.write { try $0.execute(sql: "INSERT INTO tasks (task_name) VALUES ('A')") }
            #expect(try await isDue)
            try application.close()
        }
    }

    @Test("a file that is removed or replaced ends the wait with an error that says so", arguments: [false, true])
    func gone(_ isReplaced: Bool) async throws {
        try await Fixture.with(.sqlite) { fixture in
            let path = fixture.path
            async let answer = fixture.store.waitForTasks(names: ["A"], queues: nil, until: .inOneMinute)
            try await Task.sleep(for: .milliseconds(50))
            if isReplaced {
                try FileManager.default.copyItem(atPath: path, toPath: path + ".new")
                try #require(rename(path + ".new", path) == 0)
            } else {
                try FileManager.default.removeItem(atPath: path)
            }
            do {
                _ = try await answer
                Issue.record("the wait went on")
            } catch let error as StoreError {
                #expect(error.code == .database)
                #expect(error.cause.contains(isReplaced ? "replaced" : "removed"))
            }
        }
    }

    @Test("a waiting run sees each change by itself: there is nothing to be installed")
    func notify() async throws {
        try await Fixture.with(.sqlite) { fixture in
            let notifies = try await fixture.store.notifies()
            #expect(notifies == nil)
            await #expect(throws: StoreError.self) { _ = try await fixture.store.setNotify(true) }
        }
    }

    @Test("a path stands in a URI as it is", arguments: [("/a b/c?.db", "/a%20b/c%3f.db"), ("/ä%", "/%c3%a4%25")])
    func escaped(_ path: String, _ uri: String) { #expect(RawConnection.escaped(path) == uri) }
}

extension ContinuousClock.Instant {
    fileprivate static var inOneMinute: Self { .now.advanced(by: .seconds(60)) }
}

extension Fixture {
    fileprivate var path: String { String(store.location.dropFirst("sqlite:".count)) }

    /// A program that asks for no patience: it is told at once that the file is locked.
    fileprivate func application(journal: String) async throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .immediateError
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let mode = try await queue.writeWithoutTransaction { database in
            try String.fetchOne(database, sql: "PRAGMA journal_mode = \(journal)")
        }
        try #require(mode == journal.lowercased())
        return queue
    }
}
