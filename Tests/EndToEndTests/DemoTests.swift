import Foundation
import Testing

@Suite("Demo and README")
struct DemoTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("the demo performs the six tasks, twice in a row")
    func demo() async throws {
        try await Place.with(.sqlite) { place in
            for _ in 0..<2 {
                let script = Self.root.appendingPathComponent("Examples/Demo/demo.sh").path
                let end = try await place.clean.other(script, Program.path, "demo")
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
}

extension Place {
    /// Without settings in the environment: as a newcomer has it.
    var clean: Place {
        var place = self
        place.more = ["TASKRUN_DATABASE": "", "TASKRUN_ENVIRONMENT": ""]
        return place
    }
}
