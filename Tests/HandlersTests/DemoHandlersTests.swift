import Foundation
import TaskRun
import Testing

@testable import Handlers

/// The top folder of the package.
private let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

/// Whether a program is in the PATH.
private func isInstalled(_ program: String) -> Bool {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.contains { access("\($0)/\(program)", X_OK) == 0 }
}

@Suite("The handlers that come with the package")
struct DemoHandlersTests {
    private func handler(
        _ name: String,
        in folder: String,
        environment: [String: String],
        place: Place
    ) throws -> any Handler {
        let found = HandlersFolder(
            path: "\(top)/\(folder)",
            executables: place.settings(environment: environment)
        ) { (_, _, _) throws(StoreError) in .done }
        #expect(found.findings == [])
        return try #require(try HandlerRegistry(found.handlers)[name])
    }

    @Test("the folder has the two of the demo, and they are used without a word")
    func folder() async throws {
        try await withPlace { place in
            let found = HandlersFolder(path: "\(top)/handlers", executables: place.settings()) {
                (_, _, _) throws(StoreError) in .done
            }
            #expect(found.findings == [])
            #expect(
                found.handlers.map { "\($0.name) \($0.kind)" } == ["ACCOUNT_DELETE sql", "IMAGE_RESIZE executable"]
            )
        }
    }

    /// Makes a PNG of these measures.
    private func picture(_ width: Int, _ height: Int, named name: String, in place: Place) throws {
        try place.write(PNG.grey(width: width, height: height), to: "pictures/\(name)")
    }

    @Test(
        "a picture is really resized, with thumbnails where they are wanted",
        arguments: ["PATH", "vipsthumbnail", "convert", "magick"]
    )
    func resize(tool: String) async throws {
        try #require(
            ["vipsthumbnail", "convert", "magick"].contains(where: isInstalled),
            "install libvips-tools or imagemagick"
        )
        // The system's own: a script of that name elsewhere may need more than this PATH has.
        guard tool == "PATH" || access("/usr/bin/\(tool)", X_OK) == 0 else { return }
        try await withPlace { place in
            try picture(1_200, 900, named: "322.png", in: place)
            var environment = ["IMAGES_DIR": "\(place.path)/pictures"]
            if tool != "PATH" { environment["PATH"] = try self.path(with: tool, in: place) }
            let resize = try handler("IMAGE_RESIZE", in: "handlers", environment: environment, place: place)
            let outcome = await resize.perform(task(#"{"id": 322, "thumbs": true}"#, name: "IMAGE_RESIZE"))
            #expect(outcome.result?.split(separator: "\n").count == 4, "\(outcome)")
            #expect(try JPEG.size(of: "\(place.path)/pictures/resized/322.jpg") == [800, 600])
            for (size, height) in [(64, 48), (128, 96), (256, 192)] {
                #expect(try JPEG.size(of: "\(place.path)/pictures/thumbs/322-\(size).jpg") == [size, height])
            }
            #expect(
                try place.names(in: "pictures/resized") == ["322.jpg"] && place.names(in: "pictures/thumbs").count == 3
            )
        }
    }

    /// A PATH in which of all picture programs only this one is, and no jq.
    private func path(with tool: String, in place: Place) throws -> String {
        try FileManager.default.createDirectory(atPath: "\(place.path)/bin", withIntermediateDirectories: true)
        // The system's own first: elsewhere may be scripts that need more than is here.
        let folders = ["/usr/bin", "/bin"] + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        for name in ["sh", "cat", "sed", "tr", "mkdir", "mv", "rm", tool] {
            guard let folder = folders.first(where: { access("\($0)/\(name)", X_OK) == 0 }) else { continue }
            try FileManager.default.createSymbolicLink(
                atPath: "\(place.path)/bin/\(name)",
                withDestinationPath: "\(folder)/\(name)"
            )
        }
        return "\(place.path)/bin"
    }

    @Test("a small picture is not made larger, and without thumbs none is made")
    func small() async throws {
        try await withPlace { place in
            try picture(40, 30, named: "5.png", in: place)
            let resize = try handler(
                "IMAGE_RESIZE",
                in: "handlers",
                environment: ["IMAGES_DIR": "\(place.path)/pictures"],
                place: place
            )
            #expect(await resize.perform(task(#"{"thumbs": false, "id": 5}"#)).result != nil)
            #expect(try JPEG.size(of: "\(place.path)/pictures/resized/5.jpg") == [40, 30])
            #expect(!place.has("pictures/thumbs"))
        }
    }

    @Test(
        "data without a usable id, and a missing picture, are permanent failures",
        arguments: [
            "", "[]", "null", "5", "x", "{}", #"{"id":"5"}"#, #"{"id":"../5"}"#, #"{"id":-5}"#, #"{"id":5.5}"#,
            #"{"id":null}"#, #"{"id":true}"#,
            #"{"id":{"id":5}}"#, #"{"id":[5]}"#, #"{"id":99999999999999999999}"#, #"{"id":6}"#, #"{"id":"$(touch x)"}"#,
            #"{"x":{"id":5}}"#,
        ],
        [true, false]
    )
    func badImageData(data: String, hasEverything: Bool) async throws {
        try await withPlace { place in
            try picture(4, 3, named: "5.png", in: place)
            var environment = ["IMAGES_DIR": "\(place.path)/pictures"]
            if !hasEverything { environment["PATH"] = try self.path(with: "convert", in: place) }
            let resize = try handler("IMAGE_RESIZE", in: "handlers", environment: environment, place: place)
            let outcome = await resize.perform(task(data))
            #expect(outcome.isPermanent && outcome.error?.hasPrefix("exit status 65: ") == true, "\(outcome)")
            #expect(try place.names(in: "pictures") == ["5.png"])
        }
    }

    @Test("a file that is no picture is a failed attempt that leaves nothing behind")
    func noPicture() async throws {
        try await withPlace { place in
            try place.write("no picture", to: "pictures/5.jpg")
            let resize = try handler(
                "IMAGE_RESIZE",
                in: "handlers",
                environment: ["IMAGES_DIR": "\(place.path)/pictures"],
                place: place
            )
            let outcome = await resize.perform(task(#"{"id": 5}"#))
            #expect(outcome.error?.contains("could not resize") == true && !outcome.isPermanent, "\(outcome)")
            #expect(try place.names(in: "pictures/resized") == [])
        }
    }

    @Test("the SQL file takes the key with a space at its end")
    func accountDelete() throws {
        let sql = try String(contentsOfFile: "\(top)/handlers/ACCOUNT_DELETE.sql", encoding: .utf8)
        let script = Script(sql: sql, values: ["id": .integer(34532), "with_opts ": .bool(true)])
        let statements = sql.split(separator: "\n").filter { !$0.hasPrefix("--") }.joined(separator: " ")
        let names = Set(statements.matches(of: /:([a-z_]+)/).map { String($0.1) })
        #expect(names == ["id", "with_opts"])
        #expect(names.allSatisfy { script.value(named: $0) != nil })
    }

    @Test(
        "the Python example greets, and refuses data that will never do",
        arguments: [
            (#"{"name": "Ada"}"#, "Hello, Ada!\n"), (#"{"name": " Ümit ", "language": "tr"}"#, "Merhaba, Ümit!\n"),
            ("{}", nil), ("[]", nil),
            ("no JSON", nil), (#"{"name": 7}"#, nil), (#"{"name": "Ada", "language": "xx"}"#, nil),
            (#"{"name": "Ada", "language": []}"#, nil),
        ]
    )
    func greeting(data: String, expected: String?) async throws {
        try #require(isInstalled("python3"), "install python3, as make test does")
        try await withPlace { place in
            let outcome = await (try handler("GREETING", in: "Examples/handlers", environment: [:], place: place))
                .perform(task(data))
            #expect(outcome.result == expected && outcome.isPermanent == (expected == nil), "\(outcome)")
        }
    }

    @Test(
        "the PHP example writes each letter once, goes on where it left off, and refuses bad data"
    )
    func newsletter() async throws {
        try #require(isInstalled("php"), "install php-cli, as make test does")
        try await withPlace { place in
            let environment = ["NEWSLETTER_DIR": "\(place.path)/letters"]
            let newsletter = try handler("NEWSLETTER", in: "Examples/handlers", environment: environment, place: place)
            let task = task(
                #"{"subject":"News","text":"Dear {name},\nGrüße","recipients":[{"email":"a@example.org","name":"Ada"},{"email":"b@example.org"}]}"#
            )
            let late = await newsletter.perform(task, in: .of(task, deadline: Date(timeIntervalSinceNow: 2)))
            #expect(late == .later(after: .seconds(1), note: "0 of 2 letters are written"))
            try place.write("there", to: "letters/7-0.txt")
            #expect(await newsletter.perform(task).result == "2 letters\n")
            #expect(place.text(of: "letters/7-0.txt") == "there")
            #expect(place.text(of: "letters/7-1.txt") == "To: b@example.org\nSubject: News\n\nDear reader,\nGrüße\n")
            for data in [
                "", "[]", "{}", #"{"subject":"a","text":"b","recipients":[{"email":"x"}]}"#,
                #"{"subject":"a","text":"b","recipients":7}"#,
            ] {
                let outcome = await newsletter.perform(HandlersTests.task(data))
                #expect(outcome.isPermanent, "\(data): \(outcome)")
            }
            try place.write("", to: "file")
            let blocked = ["NEWSLETTER_DIR": "\(place.path)/file/letters"]
            let failed = await (try handler("NEWSLETTER", in: "Examples/handlers", environment: blocked, place: place))
                .perform(task)
            #expect(failed.error?.hasPrefix("exit status 1: mkdir()") == true, "\(failed)")
        }
    }
}
