public import TaskRun
import Text

/// The hooks folder: programs named like the events of a run, each called at its event.
///
/// `before-perform` and `on-failed.sh` (one extension is dropped) are hooks if they have the run bit. Other files are
/// left alone.
public struct HooksFolder: Sendable {
    /// The hooks found, at most one per event, by file name.
    public let hooks: [HookProgram]
    /// Problems that must not stop a run; ``refusals`` are not among them.
    public let findings: [Finding]
    /// Findings that others may change the folder or a program in it; such a program is not called.
    public let refusals: [Finding]
    /// For each event without its hook for that reason, the finding.
    public let refused: [HookEvent: Finding]
    /// Programs with a name that is no event's: perhaps misspelled, or called by hooks.
    public let strangers: [Finding]

    /// Reads a folder.
    ///
    /// - Parameters:
    ///   - path: The folder; relative to the working directory of this process.
    ///   - isDefault: Whether no setting names this folder; then it need not exist.
    ///   - settings: The settings that hooks share with executables.
    public init(path: String, isDefault: Bool = false, settings: ExecutableSettings) {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        var (hooks, findings, refusals, strangers) = ([HookProgram](), [Finding](), [Finding](), [Finding]())
        var refused: [HookEvent: Finding] = [:]
        var trust = PathTrust()
        do {
            let names = try Files.names(in: path)
            let ofFolder = ProgramFolder.hooks.refusal(of: path, &trust)
            if let ofFolder { refusals.append(ofFolder) }
            for name in names {
                let file = "\(path)/\(name)"
                let entry = ProgramFolder.hooks.entry(at: file, named: name)
                let (event, remarks, isStranger) = entry.decideHook()
                if ofFolder == nil { if isStranger { strangers += remarks } else { findings += remarks } }
                guard let event else { continue }
                if let ofFolder {
                    refused[event] = ofFolder
                } else if let fault = trust.fault(of: file) {
                    refusals.append(entry.notObeyed(fault))
                    refused[event] = entry.notObeyed(fault)
                } else if let other = hooks.first(where: { $0.event == event }) {
                    let found = "\(other.origin) and \(file) are both for \(event.rawValue); the second is not called"
                    findings.append(entry.warning(found, advice: "Remove or rename one of them."))
                } else {
                    hooks.append(HookProgram(event, path: file, settings: settings))
                }
            }
        } catch {
            findings = ProgramFolder.hooks.findings(for: error, path: path, isDefault: isDefault)
        }
        (self.hooks, self.findings, self.strangers) = (hooks, findings, strangers)
        (self.refusals, self.refused) = (refusals, refused)
    }
}

extension FolderEntry {
    /// Decides which event the entry is for, what to report, and whether it is a stranger: a program with a name that
    /// is no event's.
    func decideHook() -> (event: HookEvent?, findings: [Finding], isStranger: Bool) {
        guard !isIgnored, status?.kind ?? .file == .file else { return (nil, [], false) }
        let stem = Self.cut(name).stem
        guard let event = HookEvent(rawValue: stem) else {
            let isProgram = status?.hasRunBit == true || looksLikeHandler
            return (nil, isProgram ? [unknown(stem)] : [], true)
        }
        guard let status else { return (nil, [linkToNothing], false) }
        guard status.hasRunBit else { return (nil, [noRunBit], false) }
        guard status.isExecutable else { return (nil, [notForUs(status)], false) }
        return (event, [], false)
    }

    private func unknown(_ stem: String) -> Finding {
        let events = HookEvent.allCases.map(\.rawValue)
        let nearest = Spelling.nearest(to: stem, among: events)
        let found = "\(shownPath) has a name that is no event, so it is not called"
        let advice = nearest.map { "Did you mean \($0)?" } ?? "Events are: \(events.joined(separator: ", "))."
        return warning(found, advice: advice)
    }
}
