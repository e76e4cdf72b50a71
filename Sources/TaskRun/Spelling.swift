/// Answers a misspelled name with the nearest known one.
public enum Spelling {
    /// The known name nearest to `word`, if it is near enough to be meant: at most a third of its letters differ.
    public static func nearest(to word: String, among known: [String]) -> String? {
        let limit = max(1, min(word.count / 3, 4))
        return known.map { (name: $0, distance: distance(word.lowercased(), $0.lowercased())) }
            .filter { $0.distance <= limit }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// The least number of inserted, deleted or replaced characters that lead from one word to the other (Levenshtein, 1966).
    static func distance(_ one: String, _ other: String) -> Int {
        let columns = Array(other)
        var row = Array(0...columns.count)
        for (line, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, character) in columns.enumerated() {
                let replaced = diagonal + (letter == character ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[columns.count]
    }
}
