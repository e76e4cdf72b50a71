/// How much a run has claimed from each queue that has something due: the one with the least comes first.
struct QueueShares {
    private var claimed: [String: Int] = [:]

    /// Takes note of the queues that have something due.
    ///
    /// A queue that had nothing due before has no arrears: it begins like the one of which the least was claimed.
    mutating func note(due queues: [String]) {
        let known = claimed.filter { queues.contains($0.key) }
        let least = known.values.min() ?? 0
        claimed = Dictionary(queues.map { ($0, known[$0] ?? least) }) { first, _ in first }
    }

    mutating func noteClaim(in queue: String) {
        if let count = claimed[queue] { claimed[queue] = count + 1 }
    }

    /// The queues, the one of which the least was claimed first.
    var order: [String] {
        claimed.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
    }
}
