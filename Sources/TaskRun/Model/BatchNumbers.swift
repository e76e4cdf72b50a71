import Text

/// How the tasks of a batch have ended: what the task that waited for them is told.
public struct BatchNumbers: Sendable, Equatable {
    /// The batch.
    public let batch: String
    /// How many were completed.
    public let complete: Int64
    /// How many are FAILED when the last one ends.
    public let failed: Int64
    /// How many were cancelled.
    public let cancelled: Int64

    /// Creates numbers from their parts.
    public init(batch: String, complete: Int64, failed: Int64, cancelled: Int64) {
        (self.batch, self.complete, self.failed, self.cancelled) = (batch, complete, failed, cancelled)
    }

    /// A payload with these numbers under the key `batch`, in the place of what was there; any other JSON value but an object stays
    /// as it is.
    package func put(into data: String) -> String {
        guard let members = try? JSONScanner.members(of: data) else { return data }
        let numbers =
            #"{"name":\#(JSONText.quote(batch)),"complete":\#(complete),"failed":\#(failed),"cancelled":\#(cancelled)}"#
        // The text as it was written: only its last brace is moved.
        guard let end = data.lastIndex(of: "}"), !members.contains(where: { $0.key == "batch" }) else {
            let others = members.filter { $0.key != "batch" }.map { "\(JSONText.quote($0.key)):\($0.value)" }
            return "{" + (others + [#""batch":\#(numbers)"#]).joined(separator: ",") + "}"
        }
        return "\(data[..<end])\(members.isEmpty ? "" : ",")\"batch\":\(numbers)}"
    }
}
