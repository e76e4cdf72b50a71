import TaskRun
import Testing

@testable import Handlers

@Suite("Hooks folder")
struct HooksFolderTests {
    private func folder(_ place: Place, isDefault: Bool = false) -> HooksFolder {
        HooksFolder(path: "\(place.path)/hooks", isDefault: isDefault, settings: place.settings())
    }

    @Test("files with the name of an event and the run bit are hooks, with or without one extension")
    func names() async throws {
        try await withPlace { place in
            for name in ["before-perform.sh", "on-failed", ".hidden", "run-end.py~", "lib/run-start"] {
                try place.write("#!/bin/sh\n", to: "hooks/\(name)", mode: 0o755)
            }
            try place.write("words", to: "hooks/README.md")
            let folder = folder(place)
            #expect(folder.hooks.map(\.event) == [.beforePerform, .onFailed])
            #expect(
                folder.hooks.map(\.origin) == ["before-perform.sh", "on-failed"].map { "\(place.path)/hooks/\($0)" }
            )
            #expect(folder.findings.isEmpty && folder.strangers.isEmpty)
        }
    }

    @Test("a hook without run bit is no hook, and named")
    func noRunBit() async throws {
        try await withPlace { place in
            let file = try place.write("echo", to: "hooks/on-failed")
            let folder = folder(place)
            #expect(folder.hooks.isEmpty)
            let found = "\(file) has no run bit, so it is not a hook"
            #expect(folder.findings == [Finding(.warning, "hooks", found, advice: "chmod +x \(file)")])
        }
    }

    @Test(
        "a program for no event is named with the nearest one",
        arguments: [
            ("before-performe.sh", "Did you mean before-perform?"), ("before_perform", "Did you mean before-perform?"),
            ("On-Failed", "Did you mean on-failed?"),
            (
                "lib.sh",
                "Events are: run-start, before-perform, after-perform, on-failure, on-failed, after-add, queue-empty, run-end."
            ),
        ]
    )
    func unknown(name: String, advice: String) async throws {
        try await withPlace { place in
            let file = try place.write("#!/bin/sh\n", to: "hooks/\(name)", mode: 0o755)
            let folder = folder(place)
            #expect(folder.hooks.isEmpty && folder.findings.isEmpty)
            let found = "\(file) has a name that is no event, so it is not called"
            #expect(folder.strangers == [Finding(.warning, "hooks", found, advice: advice)])
        }
    }

    @Test("of two hooks for one event the second is named and not called")
    func two() async throws {
        try await withPlace { place in
            for name in ["run-end.sh", "run-end.py"] {
                try place.write("#!/bin/sh\n", to: "hooks/\(name)", mode: 0o755)
            }
            let folder = folder(place)
            #expect(folder.hooks.map(\.origin) == ["\(place.path)/hooks/run-end.py"])
            #expect(folder.findings.map(\.level) == [.warning])
            #expect(folder.findings[0].found.hasSuffix("run-end.sh are both for run-end; the second is not called"))
        }
    }

    @Test("a missing folder is an error only where somebody named it")
    func missing() async throws {
        try await withPlace { place in
            #expect(folder(place, isDefault: true).findings.isEmpty)
            let finding = try #require(folder(place).findings.first)
            #expect(finding.level == .error)
            #expect(finding.advice == "Create it, or correct the setting `hooks` (--hooks, TASKRUN_HOOKS).")
        }
    }
}
