import TaskRun
import Testing

@Suite struct QueueFilterTests {
    @Test(
        "a star stands for any characters, and everything else for itself",
        arguments: [
            ("mail", "mail", true), ("mail", "mails", false), ("mail", "Mail", false), ("*", "", true),
            ("*", "x", true),
            ("mail-*", "mail-", true), ("mail-*", "mail-eu", true), ("mail-*", "mail", false),
            ("*-eu", "mail-eu", true),
            ("*-eu", "mail-eu-1", false), ("a*b*c", "aXbXbc", true), ("a*b*c", "acb", false), ("a.c", "abc", false),
            ("[ab]", "a", false), ("[ab]", "[ab]", true), ("?", "x", false), ("ä*", "äö", true), ("**", "x", true),
            (String(repeating: "a*", count: 60) + "b", String(repeating: "a", count: 200), false),
        ]
    )
    func pattern(_ word: String, _ queue: String, _ fits: Bool) {
        #expect(QueueFilter([word]).contains(queue) == fits)
        #expect(QueueFilter(["*"], except: [word]).contains(queue) != fits)
    }

    @Test("a list is emptied in its order; what begins with ! is left out of all of it")
    func groups() {
        #expect(QueueFilter.groups([]) == [])
        #expect(QueueFilter.groups(["high", "low"]) == [["high"], ["low"]])
        #expect(QueueFilter.groups(["!bulk"]) == [QueueFilter(["*"], except: ["bulk"])])
        let groups = QueueFilter.groups(["high", "!bulk", "mail-*"])
        #expect(groups == [QueueFilter(["high"], except: ["bulk"]), QueueFilter(["mail-*"], except: ["bulk"])])
        #expect(QueueFilter.all(of: groups) == QueueFilter(["high", "mail-*"], except: ["bulk"]))
        #expect(QueueFilter.all(of: []) == nil)
    }

    @Test("only queues that are all named one by one have names")
    func names() {
        #expect(QueueFilter(["a", "b"]).names == ["a", "b"])
        #expect(QueueFilter(["a", "b*"]).names == nil)
        #expect(QueueFilter(["a"], except: ["b"]).names == nil)
    }
}
