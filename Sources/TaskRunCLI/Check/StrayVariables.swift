import TaskRun
import Text

/// Environment variables that look like settings and are none.
enum StrayVariables {
    /// A warning for each that is probably misspelled.
    ///
    /// Others stay unmentioned: what executables are given begins with `TASKRUN_` too.
    static func findings(_ variables: [String: String]) -> [Finding] {
        let known = SettingTable.all.filter(\.isInEnvironment).map(\.variable) + ["TASKRUN_CONFIG"]
        let given =
            ["ID", "NAME"].map { "TASKRUN_TASK_\($0)" }
            + ["QUEUE", "ATTEMPT", "MAX_ATTEMPTS", "DEADLINE", "OUTPUT", "RUN", "EVENT", "STREAM"].map {
                "TASKRUN_\($0)"
            }
        return variables.keys.sorted().compactMap { name in
            guard name.hasPrefix("TASKRUN_"), !known.contains(name), !given.contains(name) else { return nil }
            let word = String(name.dropFirst("TASKRUN_".count))
            let words = known.map { String($0.dropFirst("TASKRUN_".count)) }
            guard let nearest = Spelling.nearest(to: word, among: words) else { return nil }
            let advice = "Did you mean TASKRUN_\(nearest)?"
            return Finding(.warning, "environment", "\(name) is not known", advice: advice)
        }
    }
}
