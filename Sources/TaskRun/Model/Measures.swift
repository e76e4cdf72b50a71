import Text

/// What a run has measured and not yet added to the tables: a value in memory.
struct Measures {
    /// How an attempt ended, as far as it is counted.
    enum End { case succeeded, failed, retried, leaseLost }

    /// The most names and queues that are kept apart; tasks of further ones are counted by name alone.
    private static let most = 1_000

    private struct Key: Hashable {
        let name: ByteText
        let queue: ByteText
    }

    private(set) var all: [TaskMeasure] = []
    private var places: [Key: Int] = [:]
    /// Where the last one was counted: the next one most likely has the same name and queue.
    private var last = 0

    var isEmpty: Bool { all.isEmpty }

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
        case .succeeded: all[place].measure.succeeded += 1
        case .failed: all[place].measure.failed += 1
        case .retried: all[place].measure.retried += 1
        case .leaseLost: return all[place].measure.leasesLost += 1
        }
        all[place].measure.ran.add(ran)
        all[place].measure.waited.add(waited)
    }

    /// Counts a task that was taken over from a dead run.
    mutating func countRecovered(name: String, isFailed: Bool) {
        let place = place(name, TaskMeasure.anyQueue)
        all[place].measure.recovered += 1
        if isFailed { all[place].measure.failed += 1 }
    }

    /// Counts a task that expired.
    mutating func countExpired(name: String) { all[place(name, TaskMeasure.anyQueue)].measure.failed += 1 }

    /// Forgets all of it, as it was added to the tables.
    mutating func clear() { self = Measures() }

    private mutating func place(_ name: String, _ queue: String) -> Int {
        if last < all.count, ByteText(all[last].name) == ByteText(name),
            ByteText(all[last].queue) == ByteText(queue)
        {
            return last
        }
        let queue = places.count < Self.most ? queue : TaskMeasure.anyQueue
        let key = Key(name: ByteText(name), queue: ByteText(queue))
        if let known = places[key] {
            last = known
        } else {
            last = all.count
            places[key] = last
            all.append(TaskMeasure(name: name, queue: queue))
        }
        return last
    }
}
