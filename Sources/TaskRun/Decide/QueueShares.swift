/// How much a run has claimed from each queue that has something due; the queue with the least comes first.
struct QueueShares {
    private var claimed: [String: Int] = [:]

    /// Notes the queues that have something due.
    ///
    /// A queue that had nothing due before gets no advantage from that: it starts with the least amount of the others.
    mutating func note(due queues: [String]) {
        let known = claimed.filter { queues.contains($0.key) }
        let least = known.values.min() ?? 0
        claimed = Dictionary(queues.map { ($0, known[$0] ?? least) }) { first, _ in first }
    }

    mutating func noteClaim(in queue: String) {
        if let count = claimed[queue] { claimed[queue] = count + 1 }
    }

    /// The queues, the one with the least claimed tasks first.
    var order: [String] {
        claimed.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
    }
}
