import TaskRun

/// Prints a greeting: `INSERT INTO tasks (task_name, data) VALUES ('GREETING', '{"name":"Ada"}')`.
struct Greeting: TaskHandler {
    struct Payload: Decodable {
        let name: String
        let times: Int?
    }

    static let taskName = "GREETING"
    /// Worth three attempts, each of at most ten seconds.
    static let limits = HandlerLimits(timeout: .seconds(10), retry: RetryPolicy(maxAttempts: 3))

    func perform(_ payload: Payload, in context: TaskContext) async throws {
        let times = payload.times ?? 1
        guard (1...100).contains(times) else { throw PermanentFailure("times is \(times): expected 1 to 100") }
        for number in 1...times {
            // Ends early when the time is up or the run is asked to stop.
            try Task.checkCancellation()
            print("Hello, \(payload.name)!")
            context.progress(number, of: times)
        }
    }
}
