#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif
import TaskRun

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Whether something starts runs: a hint, not a proof.
enum CronLine {
    private static let folders = ["/etc/cron.d", "/etc/systemd/system"]

    /// Looks into this user's crontab, the system's, and systemd's units.
    static func find(program: String, settings: Settings) -> Finding {
        let files =
            ["/etc/crontab"]
            + folders.flatMap { folder in
                ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted().map {
                    "\(folder)/\($0)"
                }
            }
        if let command = mention(userCrontab(), program) {
            return Finding(.ok, "cron", "this user's crontab starts \(command)")
        }
        // Files that this user may not read count as saying nothing.
        for file in files {
            if let command = mention(try? String(contentsOfFile: file, encoding: .utf8), program) {
                return Finding(.ok, "cron", "\(file) starts \(command)")
            }
        }
        let advice =
            "Add one with crontab -e, like: * * * * *  \(command(program: program, settings: settings)) "
            + "(with --linger, tasks begin as soon as they are added)"
        return Finding(.warning, "cron", "no line that starts \(program) once was found", advice: advice)
    }

    /// The command for cron, which has neither this folder, nor this environment, nor this PATH.
    private static func command(program: String, settings: Settings) -> String {
        let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? program
        let database =
            switch settings.database {
            case .sqlite(let path): "sqlite:\(PathText.absolute(path))"
            case .postgresql: settings.database.redacted
            }
        // What the file alone does not say comes from this environment or these flags.
        let alone = settings.file.flatMap { try? Settings(flags: [:], config: $0, variables: [:], cores: 1) }
        var words = [path]
        if let file = settings.file { words += ["--config", PathText.absolute(file)] }
        if alone?.database != settings.database { words += ["--database", database] }
        if !settings.isHandlersDefault, alone?.handlers != settings.handlers {
            words += ["--handlers", PathText.absolute(settings.handlers)]
        }
        if !settings.isHooksDefault, alone?.hooks != settings.hooks {
            words += ["--hooks", PathText.absolute(settings.hooks)]
        }
        words.append("once")
        return (settings.file == nil ? "cd \(quoted(FileManager.default.currentDirectoryPath)) && " : "")
            + words.map(quoted).joined(separator: " ")
    }

    /// A word for sh, and for cron, to which a percent sign is the end of the line.
    private static func quoted(_ word: String) -> String {
        let plain = { (character: Character) in
            character.isLetter || character.isNumber || "/:._-@,=+".contains(character)
        }
        let text = word.allSatisfy(plain) ? word : "'\(word.replacing("'", with: "'\\''"))'"
        return text.replacing("%", with: "\\%")
    }

    /// What the first line starts that is no comment and starts a run: `taskrun once --linger`; nil for none.
    static func mention(_ text: String?, _ program: String) -> String? {
        for line in (text ?? "").split(whereSeparator: \.isNewline) where line.trimmed.first != "#" {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.contains("once"), words.contains(where: { $0.split(separator: "/").last ?? "" == program }) {
                return "\(program) once" + (words.contains("--linger") ? " --linger" : "")
            }
        }
        return nil
    }

    private static func userCrontab() -> String? {
        guard let pipe = popen("crontab -l 2>/dev/null", "r") else { return nil }
        defer { pclose(pipe) }
        var bytes: [UInt8] = []
        while case let byte = getc(pipe), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
