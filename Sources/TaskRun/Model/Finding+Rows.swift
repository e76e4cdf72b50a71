extension Finding {
    /// How many rows of a kind are listed by `id`.
    private static let mostNamed = 5

    /// The finding about rows that the database does not let be changed.
    ///
    /// - Parameters:
    ///   - refused: The refused rows.
    ///   - count: How many rows were tried.
    /// - Returns: One finding.
    package static func refused(_ refused: [RefusedRow], of count: Int) -> Finding {
        guard !refused.isEmpty else { return Finding(.ok, "waiting rows", "\(count) tried, all can be claimed") }
        let first = refused.prefix(mostNamed).map { "\($0.id) (\($0.cause))" }.joined(separator: ", ")
        let more = refused.count > mostNamed ? " and \(refused.count - mostNamed) more" : ""
        return Finding(
            .warning,
            "waiting rows",
            "\(refused.count) of \(count) that were tried cannot be claimed: \(first)\(more)",
            advice: "Correct these rows, or remove the cause: a constraint, a trigger, a policy or a missing right."
        )
    }

    /// The finding about tasks whose handlers have ended and whose rows cannot be written, or nil if there are none.
    ///
    /// - Parameters:
    ///   - rows: Some of them.
    ///   - count: How many there are.
    /// - Returns: One finding.
    package static func stuck(_ rows: [RefusedRow], count: Int) -> Finding? {
        guard count > 0 else { return nil }
        let first = rows.prefix(mostNamed).map { "\($0.id) (\($0.cause))" }.joined(separator: ", ")
        let more = count > mostNamed ? " and \(count - mostNamed) more" : ""
        return Finding(
            .error,
            "ended tasks",
            "the database does not let the ends of \(count) be written: \(first)\(more)",
            advice: "These tasks are not performed again. Remove the cause. Then the next run writes their ends."
        )
    }
}
