import Text

/// How the tasks of a batch have ended; the task that waited for the batch receives these numbers.
public struct BatchNumbers: Sendable, Equatable {
    /// The batch.
    public let batch: String
    /// How many tasks were completed.
    public let complete: Int64
    /// How many tasks are FAILED when the last one ends.
    public let failed: Int64
    /// How many tasks were cancelled.
    public let cancelled: Int64

    /// Creates numbers from their parts.
    public init(batch: String, complete: Int64, failed: Int64, cancelled: Int64) {
        (self.batch, self.complete, self.failed, self.cancelled) = (batch, complete, failed, cancelled)
    }

    /// A payload with these numbers under the key `batch`, which they replace; any JSON value but an object stays as it
    /// is.
    package func put(into data: String) -> String {
        guard let members = try? JSONScanner.members(of: data) else { return data }
        let numbers =
            #"{"name":\#(JSONText.quote(batch)),"complete":\#(complete),"failed":\#(failed),"cancelled":\#(cancelled)}"#
        // The text stays as it was written: only its last brace moves.
        guard let end = data.lastIndex(of: "}"), !members.contains(where: { $0.key == "batch" }) else {
            let others = members.filter { $0.key != "batch" }.map { "\(JSONText.quote($0.key)):\($0.value)" }
            return "{" + (others + [#""batch":\#(numbers)"#]).joined(separator: ",") + "}"
        }
        return "\(data[..<end])\(members.isEmpty ? "" : ",")\"batch\":\(numbers)}"
    }
}
