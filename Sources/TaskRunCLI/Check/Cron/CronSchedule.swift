import TaskRun
import Text

/// When a line of a crontab starts its command.
///
/// Source: crontab(5) of Debian's cron and of cronie.
struct CronSchedule: Equatable {
    /// As it is written: `*/5 * * * *`, `@daily`.
    let text: String
    /// Whether it starts each minute of each day.
    let isEachMinute: Bool

    /// Reads the five fields.
    init(fields: [Substring]) {
        text = fields.joined(separator: " ")
        let ranges = [0...59, 0...23, 1...31, 1...12, 0...7]
        isEachMinute = fields.count == 5 && zip(fields, ranges).allSatisfy { Self.isAll($0, $1) }
    }

    /// Reads `@reboot`, `@daily` and the like, none of which is each minute but `@every_minute`.
    init(word: Substring) { (text, isEachMinute) = (String(word), word == "@every_minute") }

    /// Whether a field lets every value through.
    private static func isAll(_ field: Substring, _ range: ClosedRange<Int>) -> Bool {
        var values: Set<Int> = []
        for part in field.split(separator: ",") {
            let halves = part.split(separator: "/", maxSplits: 1)
            let step = halves.count == 2 ? Int(halves[1]) ?? 0 : 1
            guard step > 0, let first = halves.first else { return false }
            let ends = first.split(separator: "-", maxSplits: 1).map { Int($0) }
            switch (first, ends.count) {
            case ("*", _): values.formUnion(stride(from: range.lowerBound, through: range.upperBound, by: step))
            case (_, 2):
                guard let low = ends[0], let high = ends[1], low <= high else { continue }
                values.formUnion(stride(from: low, through: high, by: step))
            default: if let value = ends.first ?? nil { values.insert(value) }
            }
        }
        // Of the days of the week, 0 and 7 are the same.
        let all = range.upperBound == 7 ? 1...6 : range
        return all.allSatisfy(values.contains) && (range.upperBound != 7 || values.contains(0) || values.contains(7))
    }
}

/// A line of a crontab that starts something.
struct CronJob: Equatable {
    let schedule: CronSchedule
    /// As whom, where the table says it.
    let user: String?
    /// What the lines before it set.
    let variables: [String: String]
    /// What sh is given.
    let command: String

    /// Reads a table.
    ///
    /// - Parameters:
    ///   - text: The table.
    ///   - hasUsers: Whether each line names a user behind its time, as those of the system do.
    /// - Returns: The lines that start something, in their order.
    static func all(in text: String, hasUsers: Bool) -> [CronJob] {
        var variables: [String: String] = [:]
        var jobs: [CronJob] = []
        for line in text.split(whereSeparator: \.isNewline).map(\.trimmed) where !line.isEmpty && line.first != "#" {
            if let (name, value) = assignment(line) {
                variables[name] = value
                continue
            }
            let isWord = line.first == "@"
            let parts = line.split(maxSplits: isWord ? 1 : 5, whereSeparator: \.isWhitespace)
            guard parts.count == (isWord ? 2 : 6), var rest = parts.last else { continue }
            var user: String?
            if hasUsers {
                let words = rest.split(maxSplits: 1, whereSeparator: \.isWhitespace)
                guard words.count == 2 else { continue }
                (user, rest) = (String(words[0]), words[1])
            }
            jobs.append(
                CronJob(
                    schedule: isWord ? CronSchedule(word: parts[0]) : CronSchedule(fields: Array(parts.dropLast())),
                    user: user,
                    variables: variables,
                    command: command(rest)
                )
            )
        }
        return jobs
    }

    /// `NAME = value`, perhaps in quotes.
    private static func assignment(_ line: String) -> (String, String)? {
        guard let sign = line.firstIndex(of: "=") else { return nil }
        let unquote = { (text: String) in
            guard text.count > 1, let quote = text.first, "\"'".contains(quote), text.last == quote else { return text }
            return String(text.dropFirst().dropLast())
        }
        let name = unquote(String(line[..<sign]).trimmed)
        guard name.first?.isNumber == false, name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
            return nil
        }
        return (name, unquote(String(line[line.index(after: sign)...]).trimmed))
    }

    /// To cron, a percent sign ends the command; what is behind it is its input.
    private static func command(_ text: Substring) -> String {
        var command = ""
        var isEscaped = false
        for character in text {
            if character == "%" {
                guard isEscaped else { break }
                command.removeLast()
            }
            command.append(character)
            isEscaped = character == "\\"
        }
        return command
    }
}
