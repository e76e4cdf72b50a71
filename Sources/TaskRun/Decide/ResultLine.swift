/// What the end of a task with a token leaves in `task_results`.
package struct ResultLine: Sendable {
    /// The claim that has ended.
    package let proof: ClaimProof
    /// The size, the progress, the times, and how long the line is kept.
    package let record: ResultRecord
    /// How the task ended.
    package let state: ResultState
    /// What went wrong, or nil.
    package let error: String?
    /// The result if it is text, or nil; a result is kept only of a task that succeeded.
    package let text: String?
    /// The result if it is not text, or nil.
    package let bytes: [UInt8]?

    /// Decides what a settlement leaves; nil if the task has no token or goes on.
    package init?(_ settlement: Settlement) {
        guard let record = settlement.record, let (state, error) = settlement.verdict.resultState else { return nil }
        (proof, self.record, self.state, self.error) = (settlement.proof, record, state, error.map(LastError.fit))
        (text, bytes) = state == .complete ? record.columns : (nil, nil)
    }
}
