/// Finds rows that no index knows in a table that may be large: by parts, so that no statement takes long, and past the
/// parts in which an index says that there is nothing.
package struct TableWalk<Failure: Error> {
    /// How many rows the first part has; a part in which too little was found is followed by one that is four times as
    /// large.
    private static var firstPart: Int { 10_000 }
    /// How many rows a part has at most.
    private static var largestPart: Int { 160_000 }

    /// The rows that the filter selects among those behind `after`, up to this number.
    let page: (TaskFilter, _ until: Int64?) throws(Failure) -> [MatchedTask]
    /// The number of the row that is so many rows behind `after`, or nil if there are not as many.
    let edge: (TaskFilter, _ rows: Int) throws(Failure) -> Int64?
    /// A number behind `after` before which nothing is selected, or nil if nothing is at all; see
    /// ``TaskFilter/hasIndex``.
    let next: (TaskFilter) throws(Failure) -> Int64?
    /// What is thrown after the filter's ``TaskFilter/patience``.
    let late: () -> Failure

    /// Creates a walk from its statements.
    package init(
        page: @escaping (TaskFilter, _ until: Int64?) throws(Failure) -> [MatchedTask],
        edge: @escaping (TaskFilter, _ rows: Int) throws(Failure) -> Int64?,
        next: @escaping (TaskFilter) throws(Failure) -> Int64?,
        late: @escaping () -> Failure
    ) {
        (self.page, self.edge, self.next, self.late) = (page, edge, next, late)
    }

    /// The rows that the filter selects, in its order.
    package func rows(_ filter: TaskFilter) throws(Failure) -> [MatchedTask] {
        let end = filter.patience.map { ContinuousClock.now + $0 }
        var (filter, part) = (filter, Self.firstPart)
        var found: [MatchedTask] = []
        while filter.limit > 0 {
            let until = try edge(filter, part)
            let rows = try page(filter, until)
            found += rows
            filter.limit -= rows.count
            guard let until, filter.limit > 0 else { break }
            filter.after = until
            if rows.isEmpty, filter.hasIndex {
                guard let next = try next(filter) else { break }
                // The row itself is still to be looked at.
                filter.after = filter.isLatest ? next + 1 : next - 1
            }
            if let end, ContinuousClock.now > end { throw late() }
            part = min(part * 4, Self.largestPart)
        }
        return found
    }
}

extension TaskFilter {
    /// Whether an index leads to the next row that may be selected: by token, by batch, or by state and name.
    package var hasIndex: Bool {
        token != nil || batch != nil || (status == nil || status == .failed ? name != nil : true)
    }
}
