import TaskRun

/// A column that a task does not set must be left out of its statement, to get the table's default.
extension TaskColumn {
    /// The type of an array of its values.
    var arrayType: String {
        switch kind {
        case .text, .json: "text[]"
        case .integer: "bigint[]"
        case .moment, .duration: "double precision[]"
        }
    }

    /// How an element of such an array becomes the value of the table's column.
    var expression: String {
        switch kind {
        case .text, .integer: "new.\(rawValue)"
        case .json: "new.\(rawValue)::json"
        case .moment: "to_timestamp(new.\(rawValue))"
        case .duration: "statement_timestamp() + make_interval(secs => new.\(rawValue))"
        }
    }

    /// The columns that a task sets, in order.
    static func all(of task: NewTask) -> [Self] { inOrder.filter { $0.value(in: task) != nil } }

    /// `allCases`, made once.
    static let inOrder = allCases

    /// The value in PostgreSQL's text form, or nil if the task does not set it.
    func text(_ task: NewTask) -> String? {
        switch value(in: task) {
        case nil: nil
        case .text(let text): text
        case .integer(let number): String(number)
        case .moment(let moment): SQLText.moment(moment)
        case .duration(let duration): SQLText.seconds(duration)
        }
    }
}
