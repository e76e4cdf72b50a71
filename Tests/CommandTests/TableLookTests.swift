import Testing

@testable import TaskRunCLI

/// Tables and sentences as a terminal of some width shows them, and as a pipe gets them.
@Suite struct TableLookTests {
    private static func terminal(_ width: Int?) -> Terminal {
        Terminal(isTerminal: width != nil, width: width, hasColour: false)
    }

    private static let name = "VERY_LONG_NAME_OF_A_TASK_THAT_NO_ONE_WOULD_TYPE_TWICE_BUT_THAT_IS_ALLOWED"

    private static var table: TextTable {
        var table = TextTable([
            .number("id"), .name("task name"), .text("state"), .name("queue", usual: "default"),
            .number("priority", usual: "0"), .sentence("why", usual: ""),
        ])
        table.add(["7", TextTable.Cell(name), "WAITING", "default", "0", "due, but all handler slots are in use"])
        table.add(["12", "日本", "FAILED", "default", "0", ""])
        return table
    }

    @Test("a name is shortened in its middle", arguments: [(9, "VERY…WICE"), (8, "VERY…ICE"), (5, "VE…CE"), (1, "…")])
    func middle(_ width: Int, _ expected: String) {
        #expect("VERY_LONG_TWICE".cutInTheMiddle(toWidth: width) == expected)
        #expect("VERY".cutInTheMiddle(toWidth: 4) == "VERY")
        #expect("日本日本日本".cutInTheMiddle(toWidth: 8).displayWidth <= 8)
    }

    @Test("no line of a table is wider than the terminal", arguments: [20, 24, 40, 60, 80, 120, 400])
    func fits(_ width: Int) {
        for line in Self.table.lines(on: Self.terminal(width)) { #expect(line.displayWidth <= width, "\(line)") }
    }

    @Test("a terminal gets short names, sentences in several lines, and no column that says nothing")
    func narrow() {
        let lines = Self.table.lines(on: Self.terminal(80))
        #expect(lines.count == 4 && lines[0].hasPrefix("id  task name "), "\(lines)")
        #expect(lines[0].hasSuffix("  state    why"))
        #expect(lines[1].hasPrefix(" 7  VERY_LONG_") && lines[1].contains("…"))
        let words = (lines[1] + " " + lines[2]).split(separator: " ").suffix(8).joined(separator: " ")
        #expect(words == "due, but all handler slots are in use")
        #expect(lines[3].hasPrefix("12  日本  ") && lines[3].hasSuffix("  FAILED"))
    }

    @Test("a pipe gets every column and whole texts")
    func pipe() {
        let lines = Self.table.lines(on: Self.terminal(nil))
        #expect(lines.count == 3 && lines[0].contains("priority") && lines[1].contains(Self.name))
        #expect(lines[1].hasSuffix("due, but all handler slots are in use"))
    }

    @Test("where the columns do not fit, each row is a list")
    func records() {
        let lines = Self.table.lines(on: Self.terminal(20))
        #expect(lines.contains("id: 7") && lines.contains("state: WAITING") && lines.contains("id: 12"), "\(lines)")
        #expect(lines.contains("") && !lines.contains { $0.hasPrefix("queue") })
    }

    @Test("sentences wrap between words, keep their spaces, and leave long words whole")
    func wrapping() {
        #expect("a short one".wrapped(toWidth: 80) == ["a short one"])
        let limit = "  12  behind the limit of mail".wrapped(toWidth: 20, hanging: 6)
        #expect(limit == ["  12  behind the", "      limit of mail"])
        #expect("see /a/path/that/is/long now".wrapped(toWidth: 10) == ["see", "/a/path/that/is/long", "now"])
        #expect("abcdefghijkl m".wrapped(toWidth: 5, breakingWords: true) == ["abcde", "fghij", "kl m"])
        #expect("".wrapped(toWidth: 5) == [""])
        #expect(Self.terminal(nil).wrap("one two three four five") == ["one two three four five"])
        #expect(Self.terminal(10).wrap("one two three\nfour") == ["one two", "three", "four"])
    }
}
