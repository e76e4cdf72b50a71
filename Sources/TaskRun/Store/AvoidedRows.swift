/// The rows that a store's claims pass over because the table refuses changes to them.
package struct AvoidedRows {
    /// The `id`s of all these rows.
    package private(set) var ids: Set<Int64> = []
    /// The most rows that the next claim may take, because the table accepts that many together; nil for any number.
    private var fitting: Int?
    // The rows that the table refuses only as long as others are claimed, and why. They are tried again.
    private var waiting: [Int64: String] = [:]
    // All rows that were ever refused in that way. If one of them is refused alone, the reason is another task that
    // runs.
    private var besideOthers: Set<Int64> = []
    private var isUnexplained = false
    private var vainSince: ContinuousClock.Instant?

    /// Creates an empty set.
    package init() {}

    /// Passes over rows from now on.
    ///
    /// - Parameters:
    ///   - rows: The rows.
    ///   - fitting: How many others can be claimed together, or nil for all.
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

    /// How many rows the next claim may take at most; the number counts for one claim only.
    package mutating func takeFitting() -> Int? {
        defer { fitting = nil }
        return fitting
    }

    /// Allows claims of the rows that were refused beside others.
    ///
    /// - Returns: Why they were refused, in the database's words, or nil if there are none.
    package mutating func tryAgain() -> String? {
        defer { waiting = [:] }
        ids.subtract(waiting.keys)
        return waiting.first?.value
    }

    /// Whether to repeat a claim that was refused although each row alone is accepted.
    ///
    /// The task that caused the refusal may have ended.
    ///
    /// - Returns: false the second time, unless a claim succeeded in between.
    package mutating func forgives() -> Bool {
        isUnexplained.toggle()
        return isUnexplained
    }

    /// Notes that a claim was not refused.
    package mutating func noteClaim() { isUnexplained = false }

    /// Whether to find out now why claims have taken none of the due rows for a second.
    ///
    /// The most likely reason is that other runs are faster. The search locks the rows. If many runs searched at the
    /// same time, they would keep each other from claiming.
    ///
    /// - Parameters:
    ///   - isVain: Whether the last claim got none.
    ///   - now: The present moment.
    /// - Returns: Whether it is time; the next look is then a second later.
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
