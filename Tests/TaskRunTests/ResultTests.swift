import TaskRun
import Testing
import Text

@Suite struct ResultTests {
    // FIPS 180-2, appendix B, and coreutils' sha256sum for the lengths around a block's end.
    @Test(
        "the hash is SHA-256",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ]
    )
    func hash(_ text: String, _ expected: String) {
        #expect(SHA256.hex(Array(text.utf8)) == expected)
    }

    @Test("a result is cut at a character's end; bytes are cut where they are")
    func cut() {
        let text = Array("aäb日c".utf8)
        #expect(ResultRecord.cut(text, to: 100) == text)
        #expect(ResultRecord.cut(text, to: 2) == Array("a".utf8))
        #expect(ResultRecord.cut(text, to: 3) == Array("aä".utf8))
        #expect(ResultRecord.cut(text, to: 6) == Array("aäb".utf8))
        #expect(ResultRecord.cut([0xff, 0xfe, 0xfd], to: 2) == [0xff, 0xfe])
        #expect(ResultRecord.cut([0xc3, 0xa4, 0xff, 0xfd], to: 3) == [0xc3, 0xa4, 0xff])
        // What the handler's side has cut already.
        #expect(ResultRecord.cut(Array(text.prefix(6)), to: 6, isCut: true) == Array("aäb".utf8))
    }
}
