import Text

/// What a run has measured and not yet added to the tables: a value in memory.
struct Measures {
    /// How an attempt ended, as far as it is counted.
    enum End { case succeeded, failed, retried, leaseLost }

    /// The most names and queues that are kept apart; tasks of further ones are counted by name alone.
    private static let mostLanes = 1_000

    private struct Key: Hashable {
        let name: ByteText
        let queue: ByteText
    }

    private(set) var lanes: [LaneMeasure] = []
    private var places: [Key: Int] = [:]
    /// Where the last one was counted: the next one most likely has the same name and queue.
    private var last = 0

    var isEmpty: Bool { lanes.isEmpty }

    /// Counts the end of an attempt.
    ///
    /// - Parameters:
    ///   - end: How it ended.
    ///   - name: The task name.
    ///   - queue: The queue.
    ///   - ran: How long the handler ran.
    ///   - waited: How long the task was due before that.
    mutating func count(_ end: End, name: String, queue: String, ran: Duration, waited: Duration) {
        let place = place(name, queue)
        switch end {
        case .succeeded: lanes[place].measure.succeeded += 1
        case .failed: lanes[place].measure.failed += 1
        case .retried: lanes[place].measure.retried += 1
        case .leaseLost: return lanes[place].measure.leasesLost += 1
        }
        lanes[place].measure.ran.add(ran)
        lanes[place].measure.waited.add(waited)
    }

    /// Counts a task that was taken over from a dead run.
    mutating func countRecovered(name: String, isFailed: Bool) {
        let place = place(name, LaneMeasure.anyQueue)
        lanes[place].measure.recovered += 1
        if isFailed { lanes[place].measure.failed += 1 }
    }

    /// Counts a task that expired.
    mutating func countExpired(name: String) { lanes[place(name, LaneMeasure.anyQueue)].measure.failed += 1 }

    /// Forgets all of it, as it was added to the tables.
    mutating func clear() { self = Measures() }

    private mutating func place(_ name: String, _ queue: String) -> Int {
        if last < lanes.count, ByteText(lanes[last].name) == ByteText(name),
            ByteText(lanes[last].queue) == ByteText(queue)
        {
            return last
        }
        let queue = places.count < Self.mostLanes ? queue : LaneMeasure.anyQueue
        let key = Key(name: ByteText(name), queue: ByteText(queue))
        if let known = places[key] {
            last = known
        } else {
            last = lanes.count
            places[key] = last
            lanes.append(LaneMeasure(name: name, queue: queue))
        }
        return last
    }
}
