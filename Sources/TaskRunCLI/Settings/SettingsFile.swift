import Configuration
import Handlers
import Platform
import Yams

/// A settings file that was read and whose keys are all known.
struct SettingsFile {
    /// Its path, as it was given.
    let path: String
    /// The line of each key, from 1.
    let lines: [String: Int]
    /// The task names that have settings of their own.
    let taskNames: [String]
    /// The values, or nil for a file without any.
    let snapshot: YAMLSnapshot?

    /// Reads a file.
    ///
    /// - Throws: ``ProgramError`` with ``ExitStatus/settings``, for a file that cannot be read, is no YAML, has a key
    ///   that is not known, that others may change, or that has a password in it and that others may read.
    init(path: String) throws(ProgramError) {
        var trust = PathTrust()
        if let fault = trust.fault(of: path) {
            throw ProgramError(.settings, fault.sentence("the settings file", path), advice: fault.advice)
        }
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            let advice = "Correct --config or TASKRUN_CONFIG, or create the file."
            throw ProgramError(
                .settings,
                "cannot read the settings file \(PathText.absolute(path)): \(Self.reason(error))",
                advice: advice
            )
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ProgramError(.settings, "the settings file \(path) is not UTF-8 text", advice: "Save it as UTF-8.")
        }
        self.path = path
        do {
            guard let root = try Yams.compose(yaml: text), root.scalar?.string.isEmpty != true else {
                (lines, taskNames, snapshot) = ([:], [], nil)
                return
            }
            let keys = try SettingsKeys(root: root, path: path)
            if let fault = Readers.fault(of: path, holding: keys.secrets) { throw fault }
            (lines, taskNames) = (keys.lines, keys.taskNames)
            snapshot = try YAMLSnapshot(data: data.bytes, providerName: path, parsingOptions: .default)
        } catch {
            throw Self.problem(error, path: path)
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch (error as? CocoaError)?.code {
        case .fileReadNoSuchFile?, .fileNoSuchFile?: "there is no such file"
        case .fileReadNoPermission?: "permission denied"
        default: "it cannot be opened as a file"
        }
    }

    /// The parser's own text quotes the faulty line, which may hold a password: only place and reason are said.
    private static func problem(_ error: any Error, path: String) -> ProgramError {
        let problem: (line: Int?, text: String)
        switch error {
        case let error as ProgramError: return error
        case YamlError.scanner(_, let text, let mark, _): problem = (mark.line, text)
        case YamlError.parser(_, let text, let mark, _): problem = (mark.line, text)
        case YamlError.composer(_, let text, let mark, _): problem = (mark.line, text)
        case YamlError.duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { Secrets.isAddress($0) ? "…" : "\"\($0)\"" }
            problem = (context.mark.line, "\(names.joined(separator: ", ")) is there twice")
        default: problem = (nil, "a list may contain only plain values")
        }
        let place = path + (problem.line.map { " line \($0)" } ?? "")
        return ProgramError(.settings, "\(place) is not YAML that can be used: \(problem.text)")
    }
}
