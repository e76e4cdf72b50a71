import Platform
import Synchronization

/// A ``TaskHandler`` in the form the run knows: decodes the payload and turns a thrown error into an outcome.
public struct SwiftHandler<Wrapped: TaskHandler>: Handler {
    private let wrapped: Wrapped
    private let tearDown = TearDownUse()

    /// Wraps a handler.
    public init(_ wrapped: Wrapped) { self.wrapped = wrapped }

    /// The wrapped type's task name.
    public var name: String { Wrapped.taskName }
    /// Always ``HandlerKind/swift``.
    public var kind: HandlerKind { .swift }
    /// The wrapped type's name.
    public var origin: String { "Swift type \(Wrapped.self)" }
    /// The wrapped type's limits.
    public var limits: HandlerLimits { Wrapped.limits }

    /// Decodes the payload and calls the wrapped handler: `setUp`, `perform`, `tearDown`.
    public func perform(_ task: ClaimedTask, in context: TaskContext) async -> HandlerOutcome {
        let payload: Wrapped.Payload
        do {
            payload = try JSONDecoder().decode(Wrapped.Payload.self, from: Data(task.data))
        } catch {
            return .permanentlyFailed(error: "the data does not fit \(Wrapped.taskName): \(Self.reason(error))")
        }
        let outcome = await outcome(of: payload, in: context)
        if !tearDown.isNothing.load(ordering: .relaxed) {
            var context = context
            context.tearDown = tearDown
            // The run gives up a handler 15 s after it was cancelled (its patience). Until then the handler may still
            // end.
            await shielded(from: .seconds(10)) { [wrapped, context] in await wrapped.tearDown(in: context) }
        }
        return outcome
    }

    private func outcome(of payload: Wrapped.Payload, in context: TaskContext) async -> HandlerOutcome {
        do {
            try await wrapped.setUp(in: context)
            try await wrapped.perform(payload, in: context)
            return .succeeded(result: context.result?.value ?? [])
        } catch is CancellationError {
            return .stopped
        } catch let failure as PermanentFailure {
            return .permanentlyFailed(error: failure.description)
        } catch let why as NotBegun {
            return .notBegun(why)
        } catch let wish as TryAgainLater {
            return .later(after: wish.delay, note: wish.note)
        } catch let failure as RetryAfter {
            return .failed(error: failure.error, retryAfter: failure.delay)
        } catch {
            return .failed(error: String(describing: error))
        }
    }

    /// Names the key with the problem: `email: missing`.
    private static func reason(_ error: any Error) -> String {
        func path(_ context: DecodingError.Context, _ key: (any CodingKey)? = nil) -> String {
            let keys = (context.codingPath + (key.map { [$0] } ?? [])).map {
                $0.intValue.map(String.init) ?? $0.stringValue
            }
            return keys.isEmpty ? "the value" : "\"\(keys.joined(separator: "."))\""
        }
        switch error {
        case DecodingError.keyNotFound(let key, let context): return "\(path(context, key)) is missing"
        case DecodingError.valueNotFound(_, let context): return "\(path(context)) is null"
        case DecodingError.typeMismatch(let type, let context): return "\(path(context)) is no \(type)"
        case DecodingError.dataCorrupted(let context): return "\(path(context)): \(context.debugDescription)"
        default: return String(describing: error)
        }
    }
}
