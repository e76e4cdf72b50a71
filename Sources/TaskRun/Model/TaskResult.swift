import Synchronization

/// The result that a Swift handler returns; it is kept only for a task with a token.
///
/// A class because the handler's context and the run share it.
final class TaskResult: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var value: [UInt8] {
        get { bytes.withLock { $0 } }
        set { bytes.withLock { $0 = newValue } }
    }
}
