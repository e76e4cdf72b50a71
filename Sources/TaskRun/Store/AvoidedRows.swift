/// The rows that a store's claims pass over, as the table refuses to have them changed.
package struct AvoidedRows {
    /// The numbers of all of them.
    package private(set) var ids: Set<Int64> = []
    /// How many rows the next claim may take at most: so many fit together; nil: any number.
    private var fitting: Int?
    // Those that the table refuses as long as others are claimed, and why: they are tried again.
    private var waiting: [Int64: String] = [:]
    // Those that were refused so at any time: what refuses one alone is then another task that is at work.
    private var besideOthers: Set<Int64> = []
    private var isUnexplained = false
    private var vainSince: ContinuousClock.Instant?

    /// None.
    package init() {}

    /// Passes over rows from now on.
    ///
    /// - Parameters:
    ///   - rows: The rows.
    ///   - fitting: How many others can be claimed together; nil: all others.
    /// - Returns: Those of them that the table refuses whatever the others are.
    package mutating func passOver(_ rows: [RefusedRow], fitting: Int?) -> [RefusedRow] {
        isUnexplained = false
        self.fitting = fitting
        for row in rows {
            ids.insert(row.id)
            if row.isForNow { besideOthers.insert(row.id) }
            if besideOthers.contains(row.id) { waiting[row.id] = row.cause }
        }
        return rows.filter { !besideOthers.contains($0.id) }
    }

    /// How many rows a claim may take at most, once.
    package mutating func takeFitting() -> Int? {
        defer { fitting = nil }
        return fitting
    }

    /// Lets rows be claimed again that were refused beside others.
    ///
    /// - Returns: Why they were refused, in the database's words; nil: there are none.
    package mutating func tryAgain() -> String? {
        defer { waiting = [:] }
        ids.subtract(waiting.keys)
        return waiting.first?.value
    }

    /// Whether a refused claim, for which no row is to blame, is made again: the task that was in its way may have ended meanwhile.
    ///
    /// - Returns: false at the second time without a claim between.
    package mutating func forgives() -> Bool {
        isUnexplained.toggle()
        return isUnexplained
    }

    /// Takes note of a claim that was not refused.
    package mutating func noteClaim() { isUnexplained = false }

    /// Whether it is looked why claims have got none of the rows that are due for a second.
    ///
    /// Most likely other runs are faster. A look locks the rows, so many runs that looked at once would keep each other from claiming.
    ///
    /// - Parameters:
    ///   - isVain: Whether the last claim got none.
    ///   - now: The moment.
    /// - Returns: Whether it is time; then a second passes before the next look.
    package mutating func isTimeToLook(isVain: Bool, at now: ContinuousClock.Instant = .now) -> Bool {
        guard isVain else {
            vainSince = nil
            return false
        }
        guard let since = vainSince else {
            vainSince = now
            return false
        }
        guard since.duration(to: now) >= .seconds(1) else { return false }
        vainSince = now
        return true
    }
}
