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
    /// The longest time between two starts in minutes, or nil if that is not the same each day.
    let longestGap: Int?
    /// What cron cannot read, or nil if it can read everything: `the hour is "25"`.
    let fault: String?

    /// The fields, in their order.
    private static let parts: [(name: String, range: ClosedRange<Int>, words: [String])] = [
        ("minute", 0...59, []), ("hour", 0...23, []), ("day of the month", 1...31, []),
        (
            "month", 1...12,
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        ),
        ("day of the week", 0...7, ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    /// The words that stand for all five fields, with the longest time between two starts in minutes.
    private static let words: [String: Int?] = [
        "@reboot": nil, "@yearly": nil, "@annually": nil, "@monthly": nil, "@weekly": nil, "@daily": 1440,
        "@midnight": 1440, "@hourly": 60, "@every_minute": 1, "@every_second": 1,
    ]

    /// Reads the five fields.
    init(fields: [Substring]) {
        text = fields.joined(separator: " ")
        let values = zip(fields, Self.parts).map { Self.values($0, $1.range, $1.words) }
        if let wrong = values.indices.first(where: { values[$0] == nil }) {
            fault = "the \(Self.parts[wrong].name) is \"\(fields[wrong])\""
        } else {
            fault = fields.count == 5 ? nil : "the time has \(fields.count) of 5 fields"
        }
        guard fields.count == 5, fault == nil else {
            (isEachMinute, longestGap) = (false, nil)
            return
        }
        let found = values.map { $0 ?? [] }
        // Of the days of the week, 0 and 7 are the same.
        let isEachDay =
            found[2].isSuperset(of: 1...31) && found[3].isSuperset(of: 1...12) && found[4].isSuperset(of: 1...6)
            && !found[4].isDisjoint(with: [0, 7])
        longestGap = isEachDay ? Self.longestGap(minutes: found[0], hours: found[1]) : nil
        isEachMinute = longestGap == 1
    }

    /// Reads `@reboot`, `@daily` and the like, none of which is each minute but `@every_minute`.
    init(word: Substring) {
        text = String(word)
        let gap = Self.words[text.lowercased()]
        longestGap = gap ?? nil
        isEachMinute = longestGap == 1
        fault = gap == nil ? "the time is \"\(text)\"" : nil
    }

    private static func longestGap(minutes: Set<Int>, hours: Set<Int>) -> Int? {
        let starts = hours.flatMap { hour in minutes.map { hour * 60 + $0 } }.sorted()
        guard let first = starts.first else { return nil }
        return zip(starts, starts.dropFirst() + [first + 24 * 60]).map { $1 - $0 }.max()
    }

    /// The values that a field lets through, or nil if cron cannot read it.
    private static func values(_ field: Substring, _ range: ClosedRange<Int>, _ words: [String]) -> Set<Int>? {
        let number = { (text: Substring) -> Int? in
            let value = Int(text) ?? words.firstIndex(of: text.lowercased()).map { $0 + range.lowerBound }
            return value.flatMap { range.contains($0) ? $0 : nil }
        }
        var values: Set<Int> = []
        for part in field.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let step = halves.count == 2 ? Int(halves[1]) : 1, step > 0, let first = halves.first else {
                return nil
            }
            // In cronie, 0~9 is a minute between them, chosen anew each day.
            if let tilde = first.firstIndex(of: "~") {
                let (low, high) = (first[..<tilde], first[first.index(after: tilde)...])
                guard let one = low.isEmpty ? range.lowerBound : number(low),
                    high.isEmpty || number(high) != nil
                else { return nil }
                values.insert(one)
                continue
            }
            let ends = first.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            if first == "*" {
                values.formUnion(stride(from: range.lowerBound, through: range.upperBound, by: step))
            } else if ends.count == 2 {
                guard let low = number(ends[0]), let high = number(ends[1]), low <= high else { return nil }
                values.formUnion(stride(from: low, through: high, by: step))
            } else {
                guard let value = number(first) else { return nil }
                values.insert(value)
            }
        }
        return values
    }
}

/// A line of a crontab that starts something.
struct CronJob: Equatable {
    /// The whole line.
    let line: String
    let schedule: CronSchedule
    /// As whom, where the table says it.
    let user: String?
    /// What the lines before it set.
    let variables: [String: String]
    /// What sh is given.
    let command: String
    /// What cron gives the command as its input because it is behind a percent sign, or nil if there is none.
    let input: String?

    /// Reads a table.
    ///
    /// - Parameters:
    ///   - text: The table.
    ///   - hasUsers: Whether each line names a user behind its time, as those of the system do.
    /// - Returns: The lines that start something, in their order, and with them those that cron cannot read.
    static func all(in text: String, hasUsers: Bool) -> [CronJob] {
        var variables: [String: String] = [:]
        var jobs: [CronJob] = []
        for line in text.split(whereSeparator: \.isNewline).map(\.trimmed) where !line.isEmpty && line.first != "#" {
            if let (name, value) = assignment(line) {
                variables[name] = value
                continue
            }
            jobs.append(CronJob(line, hasUsers: hasUsers, variables: variables))
        }
        return jobs
    }

    /// Reads a line; of one that is too short, everything behind its time is the command.
    private init(_ line: String, hasUsers: Bool, variables: [String: String]) {
        let isWord = line.first == "@"
        let parts = line.split(maxSplits: isWord ? 1 : 5, whereSeparator: \.isWhitespace)
        var rest = parts.count == (isWord ? 2 : 6) ? parts[parts.count - 1] : ""
        schedule = isWord ? CronSchedule(word: parts[0]) : CronSchedule(fields: Array(parts.prefix(5)))
        var user: String?
        if hasUsers {
            let words = rest.split(maxSplits: 1, whereSeparator: \.isWhitespace)
            user = words.first.map(String.init)
            rest = words.count == 2 ? words[1] : ""
        }
        (self.line, self.user, self.variables) = (line, user, variables)
        (command, input) = Self.command(rest)
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
    private static func command(_ text: Substring) -> (command: String, input: String?) {
        var command = ""
        var isEscaped = false
        for place in text.indices {
            let character = text[place]
            if character == "%" {
                guard isEscaped else { return (command, String(text[text.index(after: place)...])) }
                command.removeLast()
            }
            command.append(character)
            isEscaped = character == "\\"
        }
        return (command, nil)
    }
}
