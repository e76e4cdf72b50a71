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
        #expect(jobs.map(\.input) == [" input", nil])
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
        #expect(unknown.starts.first?.troubles.map(\.found) == ["there is no user nobody-known"])
    }

    @Test(
        "what cron cannot read has a fault, and the longest wait of the rest is known",
        arguments: [
            ("* * * * *", 1, nil), ("*/5 * * * *", 5, nil), ("0 3 * * *", 1440, nil), ("15,45 8-10 * * *", 1290, nil),
            ("* * * JAN mon-fri", nil, nil), ("0~59 * * * *", 60, nil), ("60 * * * *", nil, "the minute is \"60\""),
            ("* 24 * * *", nil, "the hour is \"24\""), ("* * * * run", nil, "the day of the week is \"run\""),
            ("*/0 * * * *", nil, "the minute is \"*/0\""), ("5-1 * * * *", nil, "the minute is \"5-1\""),
            ("* * *", nil, "the time has 3 of 5 fields"),
        ] as [(String, Int?, String?)]
    )
    func faults(_ text: String, _ gap: Int?, _ fault: String?) {
        let schedule = CronSchedule(fields: text.split(separator: " "))
        #expect(schedule.longestGap == gap && schedule.fault == fault, "\(schedule)")
    }

    /// What is said of one line in a table of the system.
    private func found(_ line: String, hasUsers: Bool = true, alive: Bool? = true) throws -> [Finding] {
        let settings = try Settings(flags: [:], config: nil, variables: [:], cores: 1)
        let table = CronTable(text: line + "\n", place: "/etc/cron.d/app", hasUsers: hasUsers)
        return CronLine(program: "taskrun", settings: settings) { _ in "here" }.find(in: [table], isAlive: alive)
    }

    @Test(
        "a line that is written wrongly says how to write it",
        arguments: [
            ("* * * * * BINARY once", true, "the user is missing behind the time", "user's name"),
            ("* * * * * cd / && BINARY once", true, "cron takes cd for it", "user's name"),
            ("* * * * * root BINARY once", false, "there is no program root in its PATH", "Leave out the user root"),
            ("* * * * BINARY once", false, "cron cannot read the line: the day of the week", "five fields"),
            ("61 * * * * root BINARY once", true, "the minute is \"61\"", "five fields for the time, the user, and"),
            ("@evry_minute root BINARY once", true, "the time is \"@evry_minute\"", "five fields"),
            ("* * * * * root BINARY once >> /var/log/x-$(date +%F)", true, "ends the command at the first %", "\\%"),
            ("* * * * * root cd /x-$(date +%F) && BINARY once", true, "ends the command at the first %", "\\%"),
            ("* * * * * root cd /no/such && BINARY once", true, "there is no folder /no/such", "Use a line like"),
            (
                "* * * * * root BINARY once >> /no/such/log", true, "no folder /no/such for its output",
                "mkdir -p /no/such"
            ),
            ("* * * * * root . /no/env; BINARY once", true, "there is no file /no/env", "Use a line like"),
            (
                "* * * * * root chronicle BINARY once", true, "there is no program chronicle in its PATH",
                "Use a line like"
            ),
            ("SHELL=/bin/nosh\n* * * * * root BINARY once", true, "there is no program /bin/nosh", "SHELL=/bin/sh"),
            (
                "PATH=$PATH:/opt\n* * * * * root BINARY once", true, "cron replaces no variable in its PATH",
                "all folders"
            ),
            ("* * * * * root /etc/taskrun once", true, "there is no program /etc/taskrun", "Use a line like"),
            ("0 3 * * * root BINARY once", true, "tasks wait for up to 24 h", "Use a line like"),
            ("*/5 * * * * root BINARY once --linger", true, "tasks wait for up to 5 min", "Use a line like"),
        ]
    )
    func writtenWrongly(_ line: String, _ hasUsers: Bool, _ found: String, _ advice: String) throws {
        let findings = try self.found(line.replacing("BINARY", with: Scratch.binary), hasUsers: hasUsers)
        let finding = try #require(findings.first)
        #expect(finding.level != .ok && finding.found.contains(found), "\(findings)")
        #expect(finding.advice?.contains(advice) == true, "\(findings)")
    }

    @Test("a line that stays until the next one is as good as one of each minute")
    func stays() throws {
        for line in ["*/3 * * * * root BINARY once --linger", "*/5 * * * * root BINARY once --linger --window 5m"] {
            let findings = try found(line.replacing("BINARY", with: Scratch.binary))
            #expect(!findings.contains { $0.found.contains("each minute") }, "\(findings)")
        }
    }

    @Test("a right line is named beside a wrong one, and the wrong one too, but not one for other tables")
    func manyLines() throws {
        let settings = try Settings(flags: [:], config: nil, variables: [:], cores: 1)
        let cron = CronLine(program: "taskrun", settings: settings) { _ in "here" }
        let good = CronLine.Line(place: "a", run: "taskrun once")
        let broken = CronLine.Line(place: "b", run: "taskrun once", troubles: [CronTrouble("there is no user eve")])
        let other = CronLine.Line(place: "c", run: "taskrun once", troubles: [CronTrouble("for others", .elsewhere)])
        let seldom = CronLine.Line(place: "d", run: "taskrun once", troubles: [CronTrouble("at night", .seldom)])
        let all = cron.judge([broken, other, good, seldom])
        #expect(
            all.map(\.level) == [.ok, .warning] && all[1].found == "b starts taskrun once, but there is no user eve"
        )
        #expect(cron.judge([other, seldom]).map(\.found) == ["d starts taskrun once, but at night"])
        #expect(cron.judge([other]).map(\.found) == ["c starts taskrun once, but for others"])
    }

    @Test("the variables of a file that the line reads, and what stands behind sh -c, count")
    func readFile() throws {
        let line = ". ./env && exec bash -lc 'cd sub && nice taskrun --config $CONF once > log'"
        let run = try #require(
            CronRun(line, program: "taskrun", folder: "/srv", variables: [:]) { path in
                path == "/srv/./env" ? "export CONF=a.yaml B=2\n# x\nTASKRUN_LEASE=1m\n" : nil
            }
        )
        #expect(
            run.variables["TASKRUN_LEASE"] == "1m" && run.options["--config"] == ["a.yaml"] && run.folder == "/srv/sub"
        )
        let needs: [CronRun.Need] = [
            .file("/srv/./env"), .starter("exec"), .folder("/srv/sub"), .starter("nice"), .output("/srv/sub/log"),
        ]
        #expect(run.needs == needs)
        let sudo = CronRun("sudo -u www-data taskrun once 2>&1", program: "taskrun", folder: "/", variables: [:])
        #expect(sudo?.isForOther == true && sudo?.needs == [.starter("sudo")])
    }

    @Test("units of systemd are read: the timer, whether it is enabled, and that a unit is no line for sh")
    func units() throws {
        let service = "[Service]\nType=oneshot\nUser=root\nExecStart=/opt/taskrun once\n"
        func troubles(_ service: String, timer: String?, enabled: Set<String> = []) -> [String] {
            var texts = [(path: "/etc/systemd/system/app.service", text: service)]
            if let timer { texts.append((path: "/usr/lib/systemd/system/app.timer", text: timer)) }
            let tables = SystemdUnits(texts: texts, enabled: enabled, isAtWork: true).tables
            return tables.flatMap(\.starts).flatMap(\.troubles).map(\.found)
        }
        let timer = "[Timer]\nOnCalendar=minutely\n"
        #expect(troubles(service, timer: timer, enabled: ["app.timer"]) == [])
        #expect(troubles(service, timer: timer) == ["app.timer is not enabled"])
        #expect(troubles(service, timer: nil) == ["without a timer beside it, or Restart=always"])
        #expect(troubles(service, timer: "[Timer]\nOnCalendar=daily\n") == ["by a timer that is not each minute"])
        let named = "[Timer]\nOnUnitActiveSec=1min\nUnit=app.service\n"
        #expect(troubles(service, timer: named, enabled: ["app.timer"]) == [])
        let again = service + "Restart=always\n"
        #expect(troubles(again, timer: nil, enabled: ["app.service"]) == [])
        #expect(troubles(again, timer: nil) == ["app.service is not enabled"])
        let shell = "[Service]\nRestart=always\nExecStart=/opt/taskrun once >> /var/log/x\n"
        #expect(troubles(shell, timer: nil, enabled: ["app.service"]) == ["systemd gives >> to the program as a word"])
    }

    @Test("what the runs of a line have done decides whether it is one that works")
    func evidence() throws {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let run = try #require(CronRun("taskrun once --queue a", program: "taskrun", folder: "/", variables: [:]))
        let origin = RunRecord.origin(host: "web1", user: "eve", folder: "/", ["taskrun", "once", "--queue", "a"])
        func row(
            _ age: Double,
            status: Int? = 0,
            host: String = "web1",
            runs: Int64 = 3,
            version: String = "1"
        ) -> RunRow {
            let record = RunRecord(
                run: "r",
                origin: host == "web1" ? origin : "x",
                host: host,
                pid: 1,
                user: "eve",
                command: "taskrun once --queue a",
                version: version,
                names: [],
                slots: 1
            )
            let seen = now.addingTimeInterval(-age)
            return RunRow(
                id: 1,
                record: record,
                beganAt: seen,
                seenAt: seen,
                endedAt: status == nil ? nil : seen,
                exitStatus: status,
                isIdle: status == 0,
                runs: runs
            )
        }
        func look(_ rows: [RunRow], life: RunLife = .dead, age: Double? = nil, user: String = "eve") -> String? {
            let evidence = CronEvidence(list: RunList(now: now, rows: rows), host: "web1", life: { _ in life })
            let state = evidence.state(of: run, user: user)
            return CronEvidence.trouble(state, age: age, version: "1")?.found ?? CronEvidence.text(state)
        }
        #expect(look([row(20)]) == "; its last run was 20 s ago")
        #expect(look([row(7200)]) == "its last run was 2 h ago")
        #expect(look([row(20, status: nil)], life: .alive) == "; its run is at work")
        #expect(look([row(20, status: 78)]) == "its last run, 20 s ago, ended with exit status 78")
        #expect(look([row(20, version: "0")]) == "its last run, 20 s ago, was of version 0, and this is 1")
        #expect(look([]) == "; no run of it is recorded yet")
        #expect(look([], age: 3600) == "no run of it was ever recorded")
        #expect(look([row(20)], user: "bob") == "; no run of it is recorded yet")
        #expect(look([row(20, host: "web2")]) == "; no run of it is recorded yet")
        func regular(_ rows: [RunRow]) -> String? {
            CronEvidence(list: RunList(now: now, rows: rows), host: "web1", life: { _ in .unknown }).regular?.row.record
                .host
        }
        #expect(regular([row(20, host: "web2")]) == "web2")
        #expect(regular([row(20, host: "web2", runs: 1)]) == nil)
        #expect(regular([row(1000, host: "web2")]) == nil)
    }

    @Test("check says when a line last ran, and that it fails or is silent", arguments: Scratch.Database.allCases)
    func lastRun(_ database: Scratch.Database) async throws {
        try await Scratch.with(database) { place in
            let folder = place.folder.resolvingSymlinksInPath().path
            let variable = place.variables["TASKRUN_DATABASE"].map { "TASKRUN_DATABASE=\($0)\n" } ?? ""
            let line = variable + "* * * * * cd FOLDER && PROGRAM once"
            #expect((try await finding(line, at: place)["found"] as? String)?.contains("no run of it") == true)
            try await place.taskrunOK("once")
            let ran = try await finding(line, at: place)
            #expect(ran["level"] as? String == "ok", "\(ran)")
            #expect((ran["found"] as? String)?.contains("; its last run was ") == true, "\(ran)")
            let past = database == .sqlite ? "datetime('now', '-3 hours')" : "now() - interval '3 hours'"
            try await place.sql("UPDATE task_runs SET seen_at = \(past)")
            let silent = try await finding(line, at: place)
            #expect(silent["level"] as? String == "warning", "\(silent) \(folder)")
            #expect((silent["found"] as? String)?.contains("but its last run was 3 h ago") == true, "\(silent)")
            #expect((silent["advice"] as? String)?.contains("journalctl") == true, "\(silent)")
        }
    }

    @Test("check says that another program of the name is started, and that a handler lacks its interpreter there")
    func otherProgram() async throws {
        try await Scratch.with { place in
            let folder = place.folder.resolvingSymlinksInPath().path
            try place.write("#!/bin/sh\n", to: "old/taskrun", mode: 0o755)
            let other = try await finding("* * * * * cd FOLDER && FOLDER/old/taskrun once", at: place)
            #expect(other["level"] as? String == "warning")
            #expect(
                (other["found"] as? String)?.contains("\(folder)/old/taskrun is another program") == true,
                "\(other)"
            )
            try place.write("#!/bin/sh\n", to: "old/taskrun", mode: 0o644)
            let still = try await finding("* * * * * cd FOLDER && FOLDER/old/taskrun once", at: place)
            #expect((still["advice"] as? String)?.contains("chmod +x \(folder)/old/taskrun") == true, "\(still)")
            try place.write("#!/bin/sh\n", to: "bin/odd-language", mode: 0o755)
            try place.write("#!/usr/bin/env odd-language\n", to: "handlers/ODD", mode: 0o755)
            let path = "PATH=/usr/bin:/bin\n* * * * * cd FOLDER && PROGRAM once"
            let without = try await finding(path, at: place)
            #expect(
                (without["found"] as? String)?.contains("odd-language is not found along PATH") == true,
                "\(without)"
            )
        }
    }
}
