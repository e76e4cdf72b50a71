import Foundation
import TaskRun
import Testing
import Text

@testable import TaskRunCLI

/// Durations, moments, JSON and tables as texts.
@Suite struct TextTests {
    @Test("durations are read with their unit only, and written with the largest that leaves a whole number")
    func durations() {
        #expect(DurationText.parse("250ms") == .milliseconds(250))
        #expect(DurationText.parse("50s") == .seconds(50))
        #expect(DurationText.parse("10m") == .seconds(600))
        #expect(DurationText.parse("2h") == .seconds(7200))
        #expect(DurationText.parse("1d") == .seconds(86_400))
        for wrong in ["50", "", "s", "1.5h", "-5s", "5 s", "5S", "5w", "99999999999999999999s", "9999999999999999d"] {
            #expect(DurationText.parse(wrong) == nil)
        }
        #expect(DurationText.write(.seconds(300)) == "5m")
        #expect(DurationText.write(.seconds(90)) == "90s")
        #expect(DurationText.write(.milliseconds(1500)) == "1500ms")
        #expect(DurationText.write(.zero) == "0ms")
    }

    @Test("sizes are read in bytes, KB and MB")
    func sizes() {
        #expect(SizeText.parse("65536") == 65536)
        #expect(SizeText.parse("64KB") == 65536)
        #expect(SizeText.parse("1mb") == 1 << 20)
        for wrong in ["", "KB", "1.5MB", "-1", "1GB"] { #expect(SizeText.parse(wrong) == nil) }
        #expect(SizeText.write(1 << 20) == "1MB")
    }

    @Test(
        "moments are read as ISO 8601 or SQL writes them, UTC unless they say otherwise",
        arguments: [
            ("2012-01-01T00:00:00Z", "2012-01-01T00:00:00.000Z"), ("2012-01-01 00:00:00", "2012-01-01T00:00:00.000Z"),
            ("2012-01-01T02:30:00+02:30", "2012-01-01T00:00:00.000Z"),
            ("2011-12-31 19:00-0500", "2012-01-01T00:00:00.000Z"),
            ("2012-02-29", "2012-02-29T00:00:00.000Z"), ("2000-02-29 23:59:59.25", "2000-02-29T23:59:59.250Z"),
            ("1969-12-31 23:59:59", "1969-12-31T23:59:59.000Z"), ("0001-01-01 00:00:00", "0001-01-01T00:00:00.000Z"),
        ]
    )
    func moments(_ text: String, _ written: String) throws {
        #expect(MomentText.iso(try #require(MomentText.parse(text))) == written)
    }

    @Test(
        "no moment is read from anything else",
        arguments: [
            "", "tomorrow", "2012-13-01", "2011-02-29", "2012-01-01T24:00:00Z", "2012-01-01T00:60:00Z", "12-01-01",
            "2012-1-1",
            "2012-01-01T00:00:00+99:00", "1325376000",
        ]
    )
    func noMoments(_ text: String) { #expect(MomentText.parse(text) == nil) }

    @Test(
        "valid JSON is taken",
        arguments: [
            "{}", "[]", "0", "-0.5e+10", "\"\"", "null", "true", " [1, {\"a\": [null]}] ", "\"\\u00e4\\n\\\"\"",
            "\"ä😀\"", "1e400",
        ]
    )
    func json(_ text: String) { #expect(throws: Never.self) { try JSONScanner.check(text) } }

    @Test(
        "anything else is not",
        arguments: [
            "", " ", "{", "}", "[1,]", "{\"a\"}", "{a:1}", "'a'", "+1", "1.", ".5", "1e", "-", "01", "tru", "nulll",
            "\"a", "\"\\u12\"",
            "\"\\q\"", "\"\t\"", "1 2", "{\"a\":1,}", "NaN", "/* */1", "\u{feff}1",
        ]
    )
    func noJSON(_ text: String) { #expect(throws: JSONFault.self) { try JSONScanner.check(text) } }

    @Test("nesting is taken to a thousand levels and refused beyond")
    func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try JSONScanner.check(nested(1000)) }
        #expect(throws: JSONFault.self) { try JSONScanner.check(nested(1001)) }
        #expect(throws: JSONFault.self) { try JSONScanner.check(String(repeating: "[", count: 1_000_000)) }
    }

    @Test("members of an object come in order, their values as they were written")
    func members() throws {
        let members = try JSONScanner.members(of: #"{"a" : { "x":1.0 } ,"ä\u0062":"\/"}"#)
        #expect(members.map(\.key) == ["a", "äb"])
        #expect(members.map(\.value) == [#"{ "x":1.0 }"#, #""\/""#])
    }

    @Test("JSON is printed in one line, with its keys in order")
    func printed() {
        let value: JSONValue = [
            "b": .text("\"\\\n\u{1}é"), "a": .list([.null, .bool(true), .number(7)]), "raw": .raw("{\n\"x\":\r\n1}"),
            "s": .seconds(.milliseconds(1500)),
        ]
        #expect(value.line == #"{"b":"\"\\\n\u0001é","a":[null,true,7],"raw":{ "x":  1},"s":1.5}"#)
    }

    @Test("spans are said to one unit")
    func spans() {
        #expect(DurationText.rounded(.milliseconds(300)) == "0.3 s")
        #expect(DurationText.rounded(.seconds(5)) == "5 s")
        #expect(DurationText.rounded(.milliseconds(15_600)) == "16 s")
        #expect(DurationText.rounded(.seconds(200)) == "3 min")
        #expect(DurationText.rounded(.seconds(7200)) == "2 h")
        #expect(DurationText.rounded(.seconds(4 * 86_400)) == "4 d")
        #expect(DurationText.taken(.milliseconds(4)) == "0.004 s")
        #expect(DurationText.taken(.milliseconds(1200)) == "1.20 s")
        #expect(DurationText.taken(.milliseconds(61_340)) == "61.3 s")
    }

    @Test("columns are aligned by what a terminal shows")
    func tables() {
        #expect("日本".displayWidth == 4)
        #expect("e\u{301}".displayWidth == 1)
        #expect("✓".displayWidth == 1)
        #expect("🎉".displayWidth == 2)
        var table = TextTable([.text("name"), .number("n"), .gist("note")])
        table.add(["日本", "7", "x"])
        table.add(["abc\n", "100", ""])
        let plain = Terminal(isTerminal: false, width: nil, hasColour: false)
        #expect(table.lines(on: plain) == ["name    n  note", "日本    7  x", "abc   100"])
        let narrow = Terminal(isTerminal: true, width: 21, hasColour: false)
        table.add(["a", "1", "a long note that ends early"])
        #expect(table.lines(on: narrow).last == "a       1  a long no…")
    }

    @Test(
        "an address is shown without what may be secret",
        arguments: [
            ("postgres://app:secret@db1:5432/shop", "postgres://app@db1:5432/shop"),
            ("postgres://app:se@cr/et@db1/shop?password=secret", "postgres://…"),
            ("postgres://db1/shop?password=secret", "postgres://db1/shop?…"), ("postgres://app:secret", "postgres://…"),
            ("postgres://app:se?cret@db1", "postgres://…"), ("postgres://app:secret:5432/shop", "postgres://…"),
            ("postgres://app:secretdb1:5432/shop", "postgres://…"), ("postgres:///app:secret", "postgres://…"),
            ("postgres://app%3Asecret%40db1/shop", "postgres://…"), ("postgres://app:99999/shop", "postgres://…"),
            ("postgres://app@%2Frun%2Fpg/x", "postgres://app@%2Frun%2Fpg/x"),
            ("postgres://[::1]:5432/x", "postgres://[::1]:5432/x"), ("postgres://[::1]/x", "postgres://[::1]/x"),
            ("postgres://db1:5432,db2/x", "postgres://db1:5432,db2/x"), ("postgres:///x", "postgres:///x"),
        ]
    )
    func redacted(_ address: String, _ shown: String) { #expect(PostgreSQLURL(address).redacted == shown) }
}
