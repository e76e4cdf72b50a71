/// A schema of its own for a measurement: `taskrun_bench_1a2b3c4d`.
public struct ScratchSchema: Sendable, Equatable {
    /// The beginning of the names of all such schemas.
    public static let prefix = "taskrun_bench_"
    /// The name; needs no quotes.
    public let name: String

    /// Names a schema that does not exist yet.
    public init() {
        let digits = String(UInt64.random(in: 0 ... .max), radix: 36)
        name = Self.prefix + digits
    }

    /// Names an existing one; nil for a text that is no such name.
    public init?(_ name: String) {
        let rest = name.utf8.dropFirst(Self.prefix.utf8.count)
        let isPlain = rest.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) }
        guard name.hasPrefix(Self.prefix), isPlain, (1...20).contains(rest.count) else { return nil }
        self.name = name
    }
}
