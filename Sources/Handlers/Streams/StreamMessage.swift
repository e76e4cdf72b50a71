import Logging
import TaskRun
import Text

/// A message from a stream handler in one line; `docs/stream-protocol.md` has the grammar.
enum StreamMessage: Equatable {
    /// The first line: the version of the protocol, and the keys of a task that it wants to read, or nil for all.
    case hello(version: Int64, keys: Set<HandlerField>?)
    /// A line for the log.
    case log(String, level: Logger.Level)
    /// The progress of a task, or nil if it makes no sense.
    case progress(task: Int64, TaskContext.Progress?, note: String?)
    /// How a task ended; after the last one the program accepts no more.
    case end(task: Int64, HandlerOutcome, isLast: Bool, followUps: [NewTask] = [])

    /// Why a line is no message.
    struct Fault: Error, Equatable {
        /// For people, in the middle of a sentence: `"retry_after" is no number of seconds`.
        let problem: String

        init(_ problem: String) { self.problem = problem }
    }

    /// Reads a line, without its line feed.
    static func read(_ line: [UInt8]) throws(Fault) -> StreamMessage {
        let members: [(key: String, value: Range<Int>)]
        do {
            members = try JSONScanner.places(of: line)
        } catch {
            throw Fault("\(error.problem), column \(error.column)")
        }
        var values = StreamValues(line: line)
        for (key, value) in members { try values.note(key, value) }
        return try values.message()
    }
}

/// The known members of one line; others are ignored, for versions to come.
private struct StreamValues {
    typealias Fault = StreamMessage.Fault

    let line: [UInt8]
    var hello: Int64?
    var keys: Set<HandlerField>?
    var task: Int64?
    var isOK = false
    var result: [UInt8] = []
    var error: String?
    var retryAfter: Duration?
    var isPermanent = false
    /// Outer nil: not in the line; inner nil: after the usual backoff.
    var later: Duration??
    /// Outer nil: not in the line; inner nil: it makes no sense.
    var progress: TaskContext.Progress??
    var note: String?
    var log: String?
    var level = Logger.Level.info
    var isLast = false
    var followUps: [NewTask] = []
    /// Why the follow-ups cannot be used.
    var badFollowUp: PermanentFailure?

    init(line: [UInt8]) { self.line = line }

    mutating func note(_ key: String, _ value: Range<Int>) throws(Fault) {
        let json = line[value]
        switch key {
        case "task": task = try need(integer(json), "\"task\" is not a whole number")
        case "ok":
            guard try need(bool(json), "\"ok\" is not true") else { throw Fault("\"ok\" is not true: use \"error\"") }
            isOK = true
        case "result": result = Array(json)
        case "error": error = try need(JSONText.read(json), "\"error\" is not a string")
        case "retry_after": retryAfter = try need(seconds(json), "\"retry_after\" is not a number of seconds")
        case "permanent": isPermanent = try need(bool(json), "\"permanent\" is neither true nor false")
        case "later":
            later = .some(isNull(json) ? nil : try need(seconds(json), "\"later\" is not a number of seconds"))
        case "progress": progress = .some(readProgress(json))
        case "note": note = isNull(json) ? nil : try need(JSONText.read(json), "\"note\" is not a string")
        case "log": log = try need(JSONText.read(json), "\"log\" is not a string")
        case "level":
            level = try need(
                JSONText.read(json).flatMap { Logger.Level(rawValue: $0) },
                "\"level\" is not trace, debug, info, notice, warning, error or critical"
            )
        case "add" where isNull(json): break
        case "add":
            do {
                followUps = try NewTask.followUps(try JSONScanner.elements(of: Array(json)))
            } catch {
                badFollowUp =
                    error as? PermanentFailure ?? PermanentFailure("\"add\" is not a list of tasks, and none was added")
            }
        case "last": isLast = try need(bool(json), "\"last\" is neither true nor false")
        case "hello": hello = try need(integer(json), "\"hello\" is not a whole number")
        case "keys": keys = try need(readKeys(json), "\"keys\" is not a list of texts")
        default: break
        }
    }

    func message() throws(Fault) -> StreamMessage {
        if let hello { return .hello(version: hello, keys: keys) }
        if let log { return .log(log, level: level) }
        guard let task else { throw Fault("it has none of \"task\", \"log\" and \"hello\"") }
        let ends = (isOK ? 1 : 0) + (error == nil ? 0 : 1) + (later == nil ? 0 : 1)
        guard ends + (progress == nil ? 0 : 1) == 1 else {
            throw Fault("it must have exactly one of \"ok\", \"error\", \"later\" and \"progress\"")
        }
        if let progress { return .progress(task: task, progress, note: note) }
        return .end(task: task, try outcome(), isLast: isLast, followUps: followUps)
    }

    private func outcome() throws(Fault) -> HandlerOutcome {
        if let later { return .later(after: later, note: note) }
        guard let error else {
            return badFollowUp.map { .permanentlyFailed(error: $0.description) } ?? .succeeded(result: result)
        }
        guard isPermanent else { return .failed(error: error, retryAfter: retryAfter) }
        guard retryAfter == nil else { throw Fault("\"permanent\" and \"retry_after\" contradict each other") }
        return .permanentlyFailed(error: error)
    }

    private func need<Value>(_ value: Value?, _ problem: @autoclosure () -> String) throws(Fault) -> Value {
        guard let value else { throw Fault(problem()) }
        return value
    }

    private func isNull(_ json: ArraySlice<UInt8>) -> Bool { json.first == UInt8(ascii: "n") }

    private func bool(_ json: ArraySlice<UInt8>) -> Bool? {
        switch json.first {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    private func integer(_ json: ArraySlice<UInt8>) -> Int64? { Int64(String(decoding: json, as: UTF8.self)) }

    /// A number of seconds that is not negative, with or without a fraction, at most a year and a day.
    private func seconds(_ json: ArraySlice<UInt8>) -> Duration? {
        guard let number = Double(String(decoding: json, as: UTF8.self)), number >= 0 else { return nil }
        return .seconds(min(number, 366 * 86_400))
    }

    private func readProgress(_ json: ArraySlice<UInt8>) -> TaskContext.Progress? {
        let numbers = elements(json).map { integer($0) }
        switch (numbers.count, numbers.first ?? nil, numbers.last ?? nil) {
        case (1, let done?, _): return TaskContext.Progress(done: Int(done))
        case (2, let done?, let total?): return TaskContext.Progress(done: Int(done), total: Int(total))
        default: return nil
        }
    }

    /// The names of keys; unknown names are ignored.
    private func readKeys(_ json: ArraySlice<UInt8>) -> Set<HandlerField>? {
        guard json.first == UInt8(ascii: "[") else { return nil }
        let names = elements(json).map { JSONText.read($0) }
        guard !names.contains(nil) else { return nil }
        return Set(names.compactMap { $0.flatMap { HandlerField(rawValue: $0) } })
    }

    /// The elements of a list of plain values; any other value is its own only element.
    private func elements(_ json: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        guard json.first == UInt8(ascii: "[") else { return [json] }
        let spaces: [UInt8] = [0x20, 0x09, 0x0a, 0x0d]
        return json.dropFirst().dropLast().split(separator: UInt8(ascii: ",")).map { part in
            let front = part.drop { spaces.contains($0) }
            return front.prefix { !spaces.contains($0) }
        }.filter { !$0.isEmpty }
    }
}
