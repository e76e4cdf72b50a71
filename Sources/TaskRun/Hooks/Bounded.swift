import Synchronization

/// How a call with a time limit ended.
enum BoundedEnd<Value: Sendable>: Sendable {
    case returned(Value)
    case threw(any Error)
    /// It was cancelled when its time was up.
    case tookTooLong
}

/// Calls `body` beside the caller, cancels it when its time is up, and goes on without it if it ignores that.
///
/// It is not structured: the caller may end before a body that ignores cancellation. The body runs where all Swift
/// tasks do, never on the caller's actor.
///
/// - Parameters:
///   - limit: How long it may take.
///   - patience: How long it may take to end after it was cancelled.
///   - heedsCancellation: Whether it is cancelled together with the caller; otherwise the caller's cancellation does
///     not reach it.
///   - body: What to call.
/// - Returns: How it ended; a body that threw after its time was up took too long.
func bounded<Value: Sendable>(
    by limit: Duration,
    patience: Duration = .seconds(5),
    heedsCancellation: Bool = true,
    _ body: @escaping @Sendable () async throws -> Value
) async -> BoundedEnd<Value> {
    let first = FirstEnd<Value>()
    let work = Task { @concurrent in
        do {
            first.take(.returned(try await body()))
        } catch {
            first.take(.threw(error))
        }
    }
    let clock = Task { @concurrent in
        // Its cancellation means that the call has ended.
        guard (try? await Task.sleep(for: limit)) != nil else { return }
        first.noteLate()
        work.cancel()
        guard (try? await Task.sleep(for: patience)) != nil else { return }
        first.take(.tookTooLong)
    }
    defer { clock.cancel() }
    return await withTaskCancellationHandler {
        await first.value
    } onCancel: {
        if heedsCancellation { work.cancel() }
    }
}

/// Calls `body`, which the caller's cancellation reaches only after a while.
///
/// It waits for the end of `body` in any case.
func shielded(from cancellationFor: Duration, _ body: @escaping @Sendable () async -> Void) async {
    // Outlives the cancellation of the caller, which waits for it.
    let work = Task { @concurrent in await body() }
    await withTaskCancellationHandler {
        await work.value
    } onCancel: {
        Task { @concurrent in
            try? await Task.sleep(for: cancellationFor)
            work.cancel()
        }
    }
}

/// The first of several ends, for the task that waits.
///
/// A class because three Swift tasks share it.
private final class FirstEnd<Value: Sendable>: Sendable {
    private struct State {
        var end: BoundedEnd<Value>?
        var isLate = false
        var waiting: CheckedContinuation<BoundedEnd<Value>, Never>?
    }

    private let state = Mutex(State())

    /// From now on an error that was thrown counts as taking too long.
    func noteLate() { state.withLock { $0.isLate = true } }

    func take(_ end: BoundedEnd<Value>) {
        let (waiting, end) = state.withLock {
            state -> (CheckedContinuation<BoundedEnd<Value>, Never>?, BoundedEnd<Value>) in
            guard state.end == nil else { return (nil, end) }
            var end = end
            if case .threw = end, state.isLate { end = .tookTooLong }
            state.end = end
            defer { state.waiting = nil }
            return (state.waiting, end)
        }
        waiting?.resume(returning: end)
    }

    var value: BoundedEnd<Value> {
        get async {
            await withCheckedContinuation { continuation in
                let end = state.withLock { state in
                    if state.end == nil { state.waiting = continuation }
                    return state.end
                }
                if let end { continuation.resume(returning: end) }
            }
        }
    }
}
