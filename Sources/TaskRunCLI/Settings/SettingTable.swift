import Logging
import SQLiteStore
import TaskRun

/// Everything that can be set: the only place where keys, ranges and forms are written down.
///
/// `docs/settings.md` tells it to users; a test compares the two.
///
/// | key | value | default |
/// |---|---|---|
/// | `database` | `sqlite:PATH` or `postgres://…`; secret: shown without password | `sqlite:tasks.db` |
/// | `listen_database` | a `postgres://…` URL of the same tables that leads by a pooler; secret | as `database` |
/// | `handlers` | the handlers folder | `handlers` beside the settings file, which need not exist |
/// | `hooks` | the hooks folder | `hooks` beside the handlers folder, which need not exist |
/// | `hook_timeout` | how long a hook may take at each call, 1 ms to 1 h | 10 s |
/// | `log_level` | `trace` … `critical` | `warning` |
/// | `log_format` | `text` or `json` | `text` |
/// | `concurrency` | handlers at once, over all live runs of this host and user, 1 to 1000 | number of cores |
/// | `window` | how long `once` claims new tasks, 1 ms to 7 d | 50 s |
/// | `lease` | how long a claim holds unless renewed, 5 s to 1 d | 300 s |
/// | `lock_order` | `strict` or `loose`: whether a task that waits for its next attempt keeps its lock key | `strict` |
/// | `grace` | how long handlers may go on after SIGTERM, 0 s to 1 h | 25 s |
/// | `timeout` | the longest attempt, 1 ms to 30 d | 1 h |
/// | `max_attempts` | attempts in all, 1 to 2147483647; file only | 20 |
/// | `backoff.base`, `backoff.cap` | wait after the first attempt, longest wait; 1 ms to 30 d | 15 s, 6 h |
/// | `output_limit` | bytes kept of what an executable prints, `1KB` to `64MB` | `1MB` |
/// | `max_result` | bytes kept of the result of a task with a token, `1KB` to `64MB` | `16MB` |
/// | `keep_result` | how long such a result is kept, 1 s to 366 d | 24 h |
/// | `keep_failed` | how long FAILED tasks are kept, 1 m to 3660 d | 30 d |
/// | `history` | how long the history of tasks is kept, 1 m to 3660 d, or `none` | 7 d |
/// | `environment` | names of variables that executables get besides PATH, HOME, LANG, TZ | none |
/// | `runtime_directory` | private folder for the host's handler slots | `$XDG_RUNTIME_DIR/taskrun` |
/// | `sqlite_synchronous` | `full` or `normal`: how far the commits of `once` go in an SQLite file with WAL | `full` |
/// | `ping` | an address that gets a message when a run begins and ends; secret; no flag | none |
/// | `mail.sendmail` | the program that sends | `/usr/sbin/sendmail` |
/// | `mail.outbox` | a folder to which messages are written instead | none |
/// | `mail.from` | the sender | `taskrun@localhost` |
/// | `tasks.NAME.timeout` | as `timeout`, for one task name; file only | – |
/// | `tasks.NAME.max_attempts`, `tasks.NAME.keep_result`, `tasks.NAME.keep_failed`, `tasks.NAME.history` | the same | – |
///
/// A relative path in a file begins at the file's folder, any other at the working directory.
enum SettingTable {
    static let database = Setting("database", .text("sqlite:PATH or postgres://…"), isSecret: true)
    static let listenDatabase = Setting("listen_database", .text("postgres://…"), isSecret: true)
    static let handlers = Setting("handlers", .text("a folder"))
    static let hooks = Setting("hooks", .text("a folder"))
    static let hookTimeout = Setting("hook_timeout", .duration(.milliseconds(1) ... .seconds(3600)))
    static let logLevel = Setting<Logger.Level>("log_level", .word)
    static let logFormat = Setting<LogFormat>("log_format", .word)
    static let concurrency = Setting("concurrency", .number(1...1000))
    static let window = Setting("window", .duration(.milliseconds(1) ... .seconds(7 * 86_400)))
    static let lease = Setting("lease", .duration(.seconds(5) ... .seconds(86_400)))
    static let lockOrder = Setting<LockOrder>("lock_order", .word)
    static let grace = Setting("grace", .duration(.zero ... .seconds(3600)))
    static let timeout = Setting("timeout", .duration(.milliseconds(1) ... .seconds(30 * 86_400)))
    // An executable finds TASKRUN_MAX_ATTEMPTS in its environment: the limit of its own task, not a setting for a
    // taskrun that it may start.
    static let maxAttempts = Setting("max_attempts", .number(1...2_147_483_647), isInEnvironment: false)
    static let backoffBase = Setting("backoff.base", .duration(.milliseconds(1) ... .seconds(30 * 86_400)))
    static let backoffCap = Setting("backoff.cap", .duration(.milliseconds(1) ... .seconds(30 * 86_400)))
    static let outputLimit = Setting("output_limit", .size(1 << 10...64 << 20))
    static let maxResult = Setting("max_result", .size(1 << 10...64 << 20))
    static let keepResult = Setting("keep_result", .duration(.seconds(1) ... .seconds(366 * 86_400)))
    static let keepFailed = Setting("keep_failed", .duration(.seconds(60) ... .seconds(3660 * 86_400)))
    static let history = Setting(
        "history",
        ValueForm<Duration?>(expected: "none, or \(keepFailed.form.expected)") { text in
            text == "none" ? .some(nil) : keepFailed.form.read(text).map { .some($0) }
        }
    )
    static let environment = Setting("environment", .text("names of environment variables"))
    static let runtimeDirectory = Setting("runtime_directory", .text("a folder"))
    // Not "off", which may damage the file: that is for measurements (see `bench`).
    static let sqliteSynchronous = Setting(
        "sqlite_synchronous",
        ValueForm(expected: "full or normal") { ["full", "normal"].contains($0) ? Synchronous(rawValue: $0) : nil }
    )
    static let ping = Setting(
        "ping",
        ValueForm(expected: PingAddress.expected) { PingAddress($0) },
        isSecret: true
    )
    static let mailSendmail = Setting("mail.sendmail", .text("a program"))
    static let mailOutbox = Setting("mail.outbox", .text("a folder"))
    static let mailFrom = Setting("mail.from", .text("an e-mail address"))

    /// All with a fixed key.
    static let all: [any SettingDescription] = [
        database, listenDatabase, handlers, hooks, hookTimeout, logLevel, logFormat, concurrency, window, lease,
        lockOrder, grace, timeout, maxAttempts, backoffBase, backoffCap, outputLimit, maxResult, keepResult, keepFailed,
        history, environment,
        runtimeDirectory, sqliteSynchronous,
        ping, mailSendmail, mailOutbox, mailFrom,
    ]

    /// The time limit of one task name.
    static func timeout(of name: String) -> Setting<Duration> {
        Setting("tasks.\(name).timeout", timeout.form, isInEnvironment: false)
    }

    /// The limit of attempts of one task name.
    static func maxAttempts(of name: String) -> Setting<Int> {
        Setting("tasks.\(name).max_attempts", maxAttempts.form, isInEnvironment: false)
    }

    /// How long results of one task name are kept.
    static func keepResult(of name: String) -> Setting<Duration> {
        Setting("tasks.\(name).keep_result", keepResult.form, isInEnvironment: false)
    }

    /// How long the history of tasks of one name is kept.
    static func history(of name: String) -> Setting<Duration?> {
        Setting("tasks.\(name).history", history.form, isInEnvironment: false)
    }

    /// How long FAILED tasks of one task name are kept.
    static func keepFailed(of name: String) -> Setting<Duration> {
        Setting("tasks.\(name).keep_failed", keepFailed.form, isInEnvironment: false)
    }
}
