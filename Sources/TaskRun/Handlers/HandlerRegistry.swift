import Text

/// Which handler performs which task name, on this host.
public struct HandlerRegistry: Sendable {
    /// A start-up error: two handlers have one name; the message names both.
    public struct Conflict: Error, Sendable, Equatable, CustomStringConvertible {
        /// The task name.
        public let name: String
        /// Their origins.
        public let origins: [String]

        /// Names both handlers and says what to do.
        public var description: String {
            "two handlers for \"\(name)\": \(origins.joined(separator: " and ")). Remove or rename one of them."
        }
    }

    private let handlers: [ByteText: any Handler]

    /// Creates a registry.
    /// - Throws: ``Conflict`` where two handlers have one name.
    public init(_ list: [any Handler]) throws(Conflict) {
        var handlers: [ByteText: any Handler] = [:]
        for handler in list {
            if let other = handlers[ByteText(handler.name)] {
                throw Conflict(name: handler.name, origins: [other.origin, handler.origin])
            }
            handlers[ByteText(handler.name)] = handler
        }
        self.handlers = handlers
    }

    /// The handler for a task name, or nil if there is none.
    public subscript(name: String) -> (any Handler)? { handlers[ByteText(name)] }

    /// All task names, sorted.
    public var names: [String] { handlers.keys.sorted().map(\.text) }

    /// All handlers, by name.
    public var all: [any Handler] { names.compactMap { self[$0] } }

    /// Ends everything that the handlers keep running between tasks, all at once.
    func close() async {
        await withDiscardingTaskGroup { group in
            for handler in handlers.values { group.addTask { await handler.close() } }
        }
    }
}
