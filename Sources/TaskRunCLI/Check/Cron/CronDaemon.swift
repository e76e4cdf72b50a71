import Platform
import TaskRun
import Text

/// Whether a program that reads crontabs runs on this machine.
enum CronDaemon {
    private static let names: Set<String> = [
        "cron", "crond", "fcron", "dcron", "bcron-sched", "bcron-start", "supercronic", "yacron", "systemd-cron",
    ]

    /// Searches the processes.
    ///
    /// Nil if this user cannot see those of others.
    static func isAlive(processes: String = "/proc") -> Bool? {
        guard let all = try? FileManager.default.contentsOfDirectory(atPath: processes) else { return nil }
        for number in all where number.allSatisfy(\.isNumber) {
            guard let name = read("\(processes)/\(number)/comm")?.trimmed else { continue }
            if names.contains(name) { return true }
            // One program with many names: its first word says which one it is.
            let words = read("\(processes)/\(number)/cmdline")?.split(separator: "\0") ?? []
            let isCron = words.prefix(2).contains { names.contains(String($0.split(separator: "/").last ?? "")) }
            if name == "busybox", isCron { return true }
        }
        // Where /proc is mounted so that a user sees his own processes only, the first one is not there.
        return all.contains("1") ? false : nil
    }

    private static func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
