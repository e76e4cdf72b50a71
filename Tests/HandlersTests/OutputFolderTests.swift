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

    @Test("where the folder that it lies in is gone, as after a logout, files are made elsewhere, and leave nothing")
    func parentGone() async throws {
        try await withPlace { place in
            let parent = "\(place.path)/session"
            try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: false)
            let folder = OutputFolder(parent: parent, run: "run")
            folder.removeFile(try folder.makeFile())
            for isKept in [false, true] {
                let before = isKept ? try folder.makeFile() : nil
                try? FileManager.default.removeItem(atPath: parent)
                if let before {
                    try? FileManager.default.removeItem(atPath: (before as NSString).deletingLastPathComponent)
                }
                let file = try folder.makeFile()
                #expect(file.hasPrefix("/tmp/taskrun-output."))
                try Data("note=x\n".utf8).write(to: URL(filePath: file))
                #expect(folder.text(of: file) == Array("note=x\n".utf8))
                folder.removeFile(file)
                if let before { folder.removeFile(before) }
                #expect(!FileManager.default.fileExists(atPath: (file as NSString).deletingLastPathComponent))
            }
        }
    }
}
