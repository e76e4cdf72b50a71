import Platform
import SystemPackage
public import TaskRun
import Text

/// A handler that is an SQL file, run on the tasks database in the transaction that deletes the row: exactly once.
///
/// The file is read when the handler is created. Its names (`:id`) are bound from the keys of the payload, which must
/// be a JSON object. Null, true and false, numbers and text are bound as they are; arrays and objects as JSON text.
public struct SQLFileHandler: Handler {
    /// Runs a script and settles the claim: ``TaskStore/perform(_:settling:timeLimit:)``.
    public typealias Perform =
        @Sendable (_ script: Script, _ settlement: Settlement, _ timeLimit: Duration)
        async throws(StoreError) -> ScriptOutcome

    /// Why a file cannot be a handler.
    public struct Unusable: Error, Sendable, Equatable {
        /// What was found, and on what.
        public let found: String
        /// What to do.
        public let advice: String
    }

    /// The largest file, in bytes: 1 MiB.
    public static let sizeLimit = 1 << 20

    /// The task name: the file's name without `.sql`.
    public let name: String
    /// Always ``HandlerKind/sql``.
    public var kind: HandlerKind { .sql }
    /// The file's path.
    public let origin: String
    /// No limits of its own: a file cannot set any.
    public var limits: HandlerLimits { HandlerLimits() }

    private let sql: String
    private let run: Perform

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - name: The task name.
    ///   - path: The file's path.
    ///   - perform: Runs its script; `{ try await store.perform($0, settling: $1, timeLimit: $2) }`.
    /// - Throws: ``Unusable`` for a file that cannot be read, is empty, too large, or not UTF-8 text.
    public init(name: String, path: String, perform: @escaping Perform) throws(Unusable) {
        self.name = name
        self.origin = Files.absolute(path).string
        self.sql = try Self.read(path)
        self.run = perform
    }

    /// Binds the payload, runs the script, and returns how it ended.
    public func perform(_ task: ClaimedTask, in context: TaskContext) async -> HandlerOutcome {
        guard !Task.isCancelled else { return .stopped }
        let values: [String: Script.Value]
        switch await task.data.count > 65_536 ? offPool({ Self.values(of: task.data) }) : Self.values(of: task.data) {
        case .success(let read): values = read
        case .failure(let problem): return .permanentlyFailed(error: problem.description)
        }
        let settlement = Settlement(
            task.proof,
            .delete,
            lockKey: task.lockKey,
            record: context.record,
            batch: task.batch,
            facts: context.facts
        )
        let script = Script(sql: sql, values: values)
        do {
            var tries = 1
            while true {
                let timeLimit = Duration.seconds(context.deadline.timeIntervalSinceNow)
                guard timeLimit > .zero else {
                    return .notBegun(NotBegun(.passing, "\(origin): the time limit had passed before it began."))
                }
                let end = try await run(script, settlement, timeLimit)
                guard case .undone(_, isConflict: true) = end, tries < Self.mostTries, !Task.isCancelled else {
                    return outcome(of: end, keys: values.keys)
                }
                // A random pause, so that two conflicting scripts do not meet again; a cancelled wait is noticed above.
                try? await Task.sleep(for: .milliseconds(Int.random(in: 0...(5 << min(tries, 5)))))
                tries += 1
            }
        } catch {
            return Task.isCancelled ? .stopped : outcome(of: error)
        }
    }

    /// How often a script is run that conflicts with another transaction: about a second in all.
    private static let mostTries = 10

    /// The outcome if the database could not be reached, or rolled everything back: mostly the attempt does not count.
    private func outcome(of error: StoreError) -> HandlerOutcome {
        switch error.code {
        case .unreachable, .unavailable, .locked, .held, .undone, .full:
            .notBegun(NotBegun(.passing, error.description))
        case .schema, .database: .notBegun(NotBegun(.handler, error.description))
        case .refused, .other: .failed(error: error.description)
        }
    }

    private func outcome(of end: ScriptOutcome, keys: some Collection<String>) -> HandlerOutcome {
        switch end {
        case .done:
            return .settled(.settled)
        case .cancelled:
            return .cancelled
        case .leaseLost:
            return .settled(.leaseLost)
        case .failed(let error):
            return Task.isCancelled ? .stopped : .failed(error: "\(origin): \(error)")
        case .undone(let why, _):
            return Task.isCancelled ? .stopped : .notBegun(NotBegun(.passing, "\(origin): \(why)"))
        case .missingValue(let name):
            let nearest = Spelling.nearest(to: name, among: Array(keys)).map { " (did you mean \"\($0)\"?)" } ?? ""
            return .permanentlyFailed(
                error: "\(origin) needs :\(name), and there is no key \"\(name)\" in data\(nearest)."
            )
        }
    }

    /// The keys and values of a payload.
    private static func values(of data: [UInt8]) -> Result<[String: Script.Value], PermanentFailure> {
        do {
            guard case .object(let object) = try JSONDecoder().decode(JSONValue.self, from: Data(data)) else {
                return .failure(PermanentFailure("an SQL file needs data that is a JSON object, such as {\"id\": 1}."))
            }
            return .success(try object.mapValues { try $0.bound() })
        } catch {
            // The decoder's message is left out, because it may quote the payload.
            return .failure(PermanentFailure("the data is not JSON, or has a number beyond 10^127 or 10^-127."))
        }
    }

    private static func read(_ path: String) throws(Unusable) -> String {
        let bytes: [UInt8]
        do {
            bytes = try Files.start(of: path, limit: sizeLimit + 1)
        } catch {
            let found = "\(path) cannot be read: \(SpawnFailure.describe(error))"
            throw Unusable(found: found, advice: "Run taskrun as its owner, or chmod a+r \(path)")
        }
        guard bytes.count <= sizeLimit else {
            throw Unusable(found: "\(path) is larger than 1 MiB", advice: "Keep data out of it, or use an executable.")
        }
        guard let text = String(validating: bytes, as: UTF8.self), !text.utf8.contains(0) else {
            throw Unusable(found: "\(path) is not UTF-8 text", advice: "Save it as UTF-8.")
        }
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw Unusable(found: "\(path) is empty", advice: "Write statements into it, or remove it.")
        }
        // Some editors begin a file with a byte order mark, which is not SQL.
        return text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text
    }
}
