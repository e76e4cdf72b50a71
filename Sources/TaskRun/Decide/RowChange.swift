/// What a verdict changes in a row that stays.
package struct RowChange: Sendable, Equatable {
    /// Whether the attempt counts.
    package enum Attempt: Int64, Sendable {
        /// It counts.
        case counts
        /// It is given back.
        case givenBack
        /// It is given back because the handler or a hook asked for that; such releases in a row are counted.
        ///
        /// From the third one on, the row waits at least ``leastWait``. The statement decides this, as the row has the
        /// count.
        case givenBackAsAsked
    }

    /// The least wait after the third release in a row that was asked for.
    package static let leastWait = Duration.seconds(1)
    /// The longest wait: SQLite would not understand a moment far beyond the year 9999.
    private static let longestWait = Duration.seconds(366 * 86400)

    /// WAITING or FAILED.
    package let status: TaskStatus
    /// Whether the attempt counts.
    package let attempt: Attempt
    /// How long the row waits, or nil to leave `run_at` as it is.
    package let wait: Duration?
    /// The text for `last_error`, or nil to leave it as it is.
    package let error: String?
    /// Whether crashes are counted from 0 again.
    package let isFresh: Bool

    /// Decides what a verdict changes, or returns nil if it deletes the row.
    package init?(_ verdict: Verdict) {
        switch verdict {
        case .delete, .cancel:
            return nil
        case .retry(let wait, let error):
            (status, attempt, isFresh) = (.waiting, .counts, true)
            (self.wait, self.error) = (min(max(wait, .zero), Self.longestWait), LastError.fit(error))
        case .fail(let error):
            (status, attempt, isFresh) = (.failed, .counts, false)
            (wait, self.error) = (nil, LastError.fit(error))
        case .release(let wait, let error, let isAsked):
            (status, attempt, isFresh) = (.waiting, isAsked ? .givenBackAsAsked : .givenBack, false)
            // A row that is released unused keeps its position among the due ones.
            (self.wait, self.error) = (wait > .zero ? min(wait, Self.longestWait) : nil, error.map(LastError.fit))
        }
    }
}

extension Settlement {
    /// Whether it deletes its row.
    package var isDeletion: Bool {
        switch verdict {
        case .delete, .cancel: true
        case .retry, .fail, .release: false
        }
    }

    /// Whether it makes its row WAITING again.
    package var becomesWaiting: Bool { !isDeletion && verdict.resultState == nil }

    /// Whether its row stays and no longer keeps its lock key: it is FAILED, or lets others of the key pass.
    package var freesKey: Bool { lockKey != nil && !isDeletion && !keepsKey }
}
