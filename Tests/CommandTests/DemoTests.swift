import Foundation
import Testing

@Suite("Demo and README")
struct DemoTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("the demo performs the six tasks, twice in a row")
    func demo() async throws {
        try await Scratch.with(.sqlite) { place in
            for _ in 0..<2 {
                let script = Self.root.appendingPathComponent("Examples/Demo/demo.sh").path
                let end = try await place.other(script, Scratch.binary, "demo")
                #expect(end.status == 0, "\(end)")
                let demo = place.folder.appendingPathComponent("demo")
                let names = { (folder: String) in
                    (try? FileManager.default.contentsOfDirectory(atPath: demo.appendingPathComponent(folder).path)
                        .sorted()) ?? []
                }
                #expect(names("outbox").count == 4)
                #expect(names("pictures/resized") == ["322.jpg"])
                #expect(names("pictures/thumbs").count == 3)
                #expect(end.output.contains("accounts left: 1 (Ada)"), "\(end.output)")
                #expect(end.output.contains("tasks left:    0"), "\(end.output)")
            }
        }
    }

    @Test("as root in another user's clone, and where a group may write to it, the demo works all the same")
    func anothersClone() async throws {
        try await Scratch.with(.sqlite) { place in
            for name in ["Examples", "handlers"] {
                let copied = try await place.other("cp", "-r", Self.root.appendingPathComponent(name).path, ".")
                #expect(copied.status == 0, "\(copied)")
            }
            for isForeign in [true, false] {
                _ = try await place.other("chown", "-R", isForeign ? "\(Scratch.stranger)" : "0", ".")
                place.mode(0o775, of: "")
                let end = try await place.other("Examples/Demo/demo.sh", Scratch.binary)
                #expect(end.status == 0 && end.output.contains("tasks left:    0"), "\(end)")
                #expect(end.errors.contains("demo is a link to /"), "\(end)")
                let demo = place.folder.appendingPathComponent("demo").path
                let target = try FileManager.default.destinationOfSymbolicLink(atPath: demo)
                try FileManager.default.removeItem(atPath: target)
            }
        }
    }
}
