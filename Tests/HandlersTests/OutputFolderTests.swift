import Foundation
import Testing

@testable import Handlers

@Suite("The folder behind TASKRUN_OUTPUT")
struct OutputFolderTests {
    @Test("stays between the tasks of one thread, and goes with the last thread")
    func stays() throws {
        let parent = FileManager.default.temporaryDirectory.appending(path: "outputs-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: parent) }
        func folders() -> Int { ((try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []).count }
        let outputs = OutputFolder(parent: parent, run: "a run")
        for _ in 0..<2 {
            let seen = outputs.whileKept { () -> [Int] in
                let before = folders()
                for _ in 0..<2 {
                    guard let file = try? outputs.makeFile() else { return [] }
                    outputs.removeFile(file)
                }
                return [before, folders()]
            }
            #expect(seen == [0, 1])
            #expect(folders() == 0)
        }
        outputs.removeFile(try outputs.makeFile())
        #expect(folders() == 0)
    }
}
