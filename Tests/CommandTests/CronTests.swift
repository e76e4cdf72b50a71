import Foundation
import TaskRun
import Testing

@testable import TaskRunCLI

/// What `check` says of lines that start runs.
@Suite("The lines of cron")
struct CronTests {
    @Test(
        "only a schedule of every minute counts as such",
        arguments: [
            ("* * * * *", true), ("*/1 * * * *", true), ("0-59 0-23 1-31 1-12 0-6", true), ("* * * * 1-7", true),
            ("0-29,30-59 * * * *", true), ("0 3 * * *", false), ("*/5 * * * *", false), ("* 9-17 * * *", false),
            ("* * * * 1-5", false), ("* * 1 * *", false), ("* * * 6 *", false),
        ]
    )
    func schedule(_ text: String, _ isEachMinute: Bool) {
        #expect(CronSchedule(fields: text.split(separator: " ")).isEachMinute == isEachMinute)
    }

    @Test("a crontab is read as cron reads it")
    func table() {
        let text = """
            # * * * * * taskrun once
            PATH = "/opt/bin:/bin"
            * * * * * taskrun once --queue a\\%b % input
            @reboot taskrun once
            """
        let jobs = CronJob.all(in: text, hasUsers: false)
        #expect(jobs.map(\.command) == ["taskrun once --queue a%b ", "taskrun once"])
        #expect(jobs.map(\.schedule.isEachMinute) == [true, false])
        #expect(jobs[0].variables == ["PATH": "/opt/bin:/bin"])
        #expect(CronJob.all(in: "* * * * * www-data taskrun once", hasUsers: true).first?.user == "www-data")
    }

    @Test("a run is found in what sh is given, with its folder, its variables and its options")
    func command() throws {
        let line = """
            cd "$APP" && [ -x ./taskrun ] && env TASKRUN_LEASE=1m nice -n 5 ./bin/taskrun --config 'a b.yaml' once --linger \
            --queue=mail >> log 2>&1
            """
        let run = try #require(CronRun(line, program: "taskrun", folder: "/home/ada", variables: ["APP": "/srv/app"]))
        #expect(run.program == "./bin/taskrun" && run.folder == "/srv/app" && run.variables["TASKRUN_LEASE"] == "1m")
        #expect(run.options == ["--config": ["a b.yaml"], "--linger": [""], "--queue": ["mail"]])
        for other in ["taskrun status", "echo taskrun; echo once", "mytaskrun once", "cat taskrun.log # taskrun once"] {
            #expect(CronRun(other, program: "taskrun", folder: "/", variables: [:]) == nil, "\(other)")
        }
    }

    /// What `check` says of this user's crontab, in which PROGRAM stands for the program.
    private func finding(_ lines: String, at place: Scratch, isAlive: Bool = true) async throws -> [String: Any] {
        let folder = place.folder.resolvingSymlinksInPath().path
        let text = lines.replacing("PROGRAM", with: Scratch.binary).replacing("FOLDER", with: folder)
        try place.write(text + "\n", to: "table")
        try place.write("#!/bin/sh\ncat '\(folder)/table'\n", to: "bin/crontab", mode: 0o755)
        // A process named like a cron daemon is as good as one.
        let daemon = folder + "/bin/crond"
        if isAlive, !place.has("bin/crond") { try FileManager.default.copyItem(atPath: "/bin/sleep", toPath: daemon) }
        let call = isAlive ? try Call([daemon, "600"], environment: place.environment, folder: place.folder) : nil
        if call != nil { try await eventually("the daemon is at work") { CronDaemon.isAlive() == true } }
        let path = "\(folder)/bin:" + (place.environment["PATH"] ?? "/usr/bin:/bin")
        let answer = try await place.setting(["PATH": path]).taskrun("check", "--json")
        if let call {
            kill(call.pid, SIGKILL)
            _ = try await call.answer()
        }
        return try #require(try answer.objects().last { $0["subject"] as? String == "cron" }, "\(answer)")
    }

    @Test("a line that starts runs of these tables each minute is fine")
    func fine() async throws {
        try await Scratch.with { place in
            for line in [
                "* * * * * cd FOLDER && PROGRAM once",
                "* * * * * PROGRAM --database sqlite:FOLDER/tasks.db once --linger",
                "TASKRUN_DATABASE=sqlite:FOLDER/tasks.db\n* * * * * PROGRAM once >>/dev/null 2>&1",
                "* * * * * cd FOLDER && PROGRAM once --queue bulk\n* * * * * cd FOLDER && PROGRAM once --queue '!bulk'",
            ] {
                let finding = try await finding(line, at: place)
                #expect(finding["level"] as? String == "ok", "\(finding)")
            }
        }
    }

    @Test(
        "any other line is no tick, and says why",
        arguments: [
            ("* * * * * FOLDER/none/taskrun once", "there is no program"),
            ("* * * * * cd FOLDER && taskrun once", "in its PATH, /usr/bin:/bin"),
            ("0 3 * * * cd FOLDER && PROGRAM once", "0 3 * * *"),
            ("@daily cd FOLDER && PROGRAM once", "@daily"),
            ("* * * * * PROGRAM --database sqlite:/srv/other.db once", "another database, sqlite:/srv/other.db"),
            ("* * * * * PROGRAM --database postgres://db1/app once", "another database"),
            ("* * * * * cd FOLDER && PROGRAM once --queue mail", "tasks of other queues are not started"),
            ("* * * * * cd FOLDER && PROGRAM once --only A", "tasks of other names are not started"),
            ("* * * * * PROGRAM --config FOLDER/none.yaml once", "its settings cannot be used"),
            ("* * * * * cd FOLDER && PROGRAM --handlers bin once", "with other handlers"),
            ("* * * * * cd FOLDER && PROGRAM status", "no line that starts"),
        ]
    )
    func wrong(_ line: String, _ reason: String) async throws {
        try await Scratch.with { place in
            let finding = try await finding(line, at: place)
            #expect(finding["level"] as? String != "ok", "\(finding)")
            #expect((finding["found"] as? String)?.contains(reason) == true, "\(finding)")
            #expect((finding["advice"] as? String)?.isEmpty == false, "\(finding)")
        }
    }

    @Test("a line is no tick where no cron daemon is at work")
    func daemon() throws {
        let table = CronTable(text: "* * * * * \(Scratch.binary) once\n", place: "this user's crontab", hasUsers: false)
        let settings = try Settings(flags: [:], config: nil, variables: [:], cores: 1)
        let cron = CronLine(program: "taskrun", settings: settings) { _ in "here" }
        let dead = cron.find(in: [table], isAlive: false)
        #expect(dead.first?.level == .warning && dead.first?.found.contains("no cron daemon") == true, "\(dead)")
        // Where processes cannot be seen nothing is said of them.
        for isAlive in [true, nil] {
            #expect(cron.find(in: [table], isAlive: isAlive).first?.found.contains("no cron daemon") == false)
        }
    }

    @Test("a file of the system that cron passes over is no tick")
    func passedOver() throws {
        let table = CronTable(text: "* * * * * root \(Scratch.binary) once", place: "/etc/cron.d/app", hasUsers: true)
        #expect(table.trouble?.found.contains("no line end") == true)
        let unknown = CronTable(text: "* * * * * nobody-known taskrun once\n", place: "/etc/cron.d/app", hasUsers: true)
        #expect(unknown.starts.first?.trouble == "there is no user nobody-known")
    }
}
