/// Finds the known name nearest to a misspelled one.
public enum Spelling {
    /// The longest word that is compared, in bytes: a task name of 200 characters.
    static let longest = 800
    /// The most names that a word is compared with.
    static let mostNames = 2_000

    /// The known name nearest to `word`, if at most a third of its letters differ.
    ///
    /// A word of more than `longest` bytes is no misspelled name, and is not compared.
    public static func nearest(to word: String, among known: [String]) -> String? {
        guard word.utf8.count <= longest else { return nil }
        // The first of very many names are enough: comparing all would take time in proportion to their number.
        let known = known.prefix(mostNames).filter { $0.utf8.count <= longest }
        let limit = max(1, min(word.count / 3, 4))
        // Of names that are equally near, a letter more or less is the less likely mistake.
        return known.map { (name: $0, distance: distance(word.lowercased(), $0.lowercased())) }
            .filter { $0.distance <= limit }
            .map { (name: $0.name, distance: $0.distance, length: abs($0.name.count - word.count)) }
            .min { ($0.distance, $0.length, $0.name) < ($1.distance, $1.length, $1.name) }?.name
    }

    /// The text to put behind a word, with the known name that was probably meant: ` (did you mean "A"?)`; empty if
    /// there is none.
    package static func hint(_ nearest: String?, for word: String) -> String {
        guard let nearest else { return "" }
        guard nearest == word, ByteText(nearest) != ByteText(word) else { return " (did you mean \"\(nearest)\"?)" }
        return " (\"\(nearest)\" looks the same and is written with other bytes: "
            + "composed letters in one, decomposed ones in the other)"
    }

    /// The least number of characters to insert, delete, replace, or swap with their neighbour that turns one word into
    /// the other (optimal string alignment, after Damerau, 1964).
    static func distance(_ one: String, _ other: String) -> Int {
        let (lines, columns) = (Array(one), Array(other))
        // The distances between the beginnings of both words: for all columns, in this line and the two before it.
        var (before, above, row) = ([Int](), [Int](), Array(0...columns.count))
        for line in lines.indices {
            (before, above, row) = (above, row, [line + 1])
            for column in columns.indices {
                let replaced = above[column] + (lines[line] == columns[column] ? 0 : 1)
                var least = min(replaced, row[column] + 1, above[column + 1] + 1)
                if line > 0, column > 0, lines[line] == columns[column - 1], lines[line - 1] == columns[column] {
                    least = min(least, before[column - 1] + 1)
                }
                row.append(least)
            }
        }
        return row[columns.count]
    }
}
