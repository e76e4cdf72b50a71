/// The rule for task names, which the table `tasks` enforces.
enum TaskName {
    /// Why a text cannot be a task name, or nil if it can.
    static func problem(_ name: String) -> String? {
        let scalars = name.unicodeScalars
        if scalars.isEmpty { return "it is empty" }
        if scalars.count > 200 { return "it has more than 200 characters" }
        if name.hasPrefix(".") || name.hasPrefix("-") { return "it begins with \"\(name.prefix(1))\"" }
        if name.contains("/") { return "it has a \"/\"" }
        if scalars.contains(where: { $0.properties.generalCategory == .control }) {
            return "it has a control character"
        }
        if name.contains("\u{FFFD}") { return "it is not UTF-8" }
        return nil
    }
}
