import Foundation
import Testing

/// One of the libraries in Examples/stream, with its interpreter.
struct StreamLibrary: Sendable, CustomTestStringConvertible {
    let interpreter: String
    let ending: String
    /// A handler that does, asked by `data.do`, everything that a handler can do.
    let script: String

    var testDescription: String { interpreter }
    var example: String { "REVERSE_\(interpreter.uppercased().replacing("3", with: ""))" }
    var isThere: Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(interpreter)") }
    }

    static let all = [
        StreamLibrary(
            interpreter: "sh",
            ending: "sh",
            script: """
                . "${0%/*}/lib/taskrun.sh"
                work() {
                    taskrun_text do "$1"
                    echo "printed for $task"
                    case $text in
                        follow | drop)
                            taskrun_add '{"task_name":"NEXT","data":{"n":1},"queue":"mail","priority":5,"batch":'"$batch}"
                            taskrun_add '{"task_name":"LAST","data":{"n":2},"queue":"mail","after_batch":'"$batch}"
                            [ "$text" = follow ]; return ;;
                        fail) error='no "luck"'; return 1 ;;
                        never) error=never; return 65 ;;
                        again) error=busy; retry_after=120; return 1 ;;
                        later) note=night; retry_after=60; return 75 ;;
                        *) taskrun_progress 1 2 half; taskrun_log careful warning; result='{"a":[1]}' ;;
                    esac
                }
                taskrun_serve work attempt batch
                """
        ),
        StreamLibrary(
            interpreter: "python3",
            ending: "py",
            script: """
                import os, sys
                sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/lib")
                import taskrun

                def work(data, task):
                    print("printed for", task.id, flush=True)
                    if data["do"] in ("follow", "drop"):
                        after = {"n": 2}
                        task.add("NEXT", {"n": 1}, queue="mail", priority=5, batch=task.batch)
                        task.add("LAST", after, queue="mail", after_batch=task.batch)
                        after["n"] = 3
                        if data["do"] == "follow": return None
                    if data["do"] in ("fail", "drop"): raise ValueError('no "luck"')
                    if data["do"] == "never": raise taskrun.Permanent("never")
                    if data["do"] == "again": raise taskrun.RetryAfter(120, "busy")
                    if data["do"] == "later": raise taskrun.Later(60, "night")
                    task.progress(1, 2, "half")
                    task.log("careful", "warning")
                    return {"a": [1]}

                taskrun.serve(work)
                """
        ),
        StreamLibrary(
            interpreter: "php",
            ending: "php",
            script: """
                <?php
                require __DIR__ . '/lib/taskrun.php';

                TaskRun\\serve(function (mixed $data, TaskRun\\Task $task): mixed {
                    echo "printed for $task->id\\n";
                    if (in_array($data->do, ['follow', 'drop'])) {
                        $after = (object)['n' => 2];
                        $task->add('NEXT', ['n' => 1], queue: 'mail', priority: 5, batch: $task->batch);
                        $task->add('LAST', $after, queue: 'mail', after_batch: $task->batch);
                        $after->n = 3;
                        if ($data->do === 'follow') return null;
                    }
                    match ($data->do) {
                        'fail', 'drop' => throw new Exception('no "luck"'),
                        'never' => throw new TaskRun\\Permanent('never'),
                        'again' => throw new TaskRun\\RetryAfter(120, 'busy'),
                        'later' => throw new TaskRun\\Later(60, 'night'),
                        'work' => null,
                    };
                    $task->progress(1, 2, 'half');
                    $task->log('careful', 'warning');
                    return ['a' => [1]];
                });
                """
        ),
        StreamLibrary(
            interpreter: "ruby",
            ending: "rb",
            script: """
                require_relative "lib/taskrun"

                TaskRun.serve do |data, task|
                  puts "printed for #{task.id}"
                  if ["follow", "drop"].include?(data["do"])
                    after = { n: 2 }
                    task.add("NEXT", { n: 1 }, queue: "mail", priority: 5, batch: task.batch)
                    task.add("LAST", after, queue: "mail", after_batch: task.batch)
                    after[:n] = 3
                    next if data["do"] == "follow"
                  end
                  raise 'no "luck"' if ["fail", "drop"].include?(data["do"])
                  raise TaskRun::Permanent, "never" if data["do"] == "never"
                  raise TaskRun::RetryAfter.new(120, "busy") if data["do"] == "again"
                  raise TaskRun::Later.new(60, "night") if data["do"] == "later"
                  task.progress(1, 2, "half")
                  task.log("careful", "warning")
                  { a: [1] }
                end
                """
        ),
        StreamLibrary(
            interpreter: "node",
            ending: "js",
            script: """
                const taskrun = require('./lib/taskrun.js');

                taskrun.serve(async (data, task) => {
                    console.log(`printed for ${task.id}`);
                    if (['follow', 'drop'].includes(data.do)) {
                        const after = { n: 2 };
                        task.add('NEXT', { n: 1 }, { queue: 'mail', priority: 5, batch: task.batch });
                        task.add('LAST', after, { queue: 'mail', after_batch: task.batch });
                        after.n = 3;
                        if (data.do === 'follow') return;
                    }
                    if (['fail', 'drop'].includes(data.do)) throw new Error('no "luck"');
                    if (data.do === 'never') throw new taskrun.Permanent('never');
                    if (data.do === 'again') throw new taskrun.RetryAfter(120, 'busy');
                    if (data.do === 'later') throw new taskrun.Later(60, 'night');
                    task.progress(1, 2, 'half');
                    task.log('careful', 'warning');
                    return { a: [1] };
                });
                """
        ),
    ]

    static let found = all.filter(\.isThere)
}

@Suite("The libraries for stream handlers")
struct StreamExamplesTests {
    private static let examples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Examples/stream")

    @Test("what every machine for tests has is tested")
    func interpreters() {
        #expect(Set(StreamLibrary.found.map(\.interpreter)).isSuperset(of: ["sh", "python3", "php"]))
    }

    @Test("each example reverses texts, whatever is in them", arguments: StreamLibrary.found)
    func reverse(_ library: StreamLibrary) async throws {
        try await Scratch.with { place in
            let rest = #""attempt":1,"max_attempts":20,"deadline":1795273200,"queue":"default","name":"R","data":"#
            let texts = [#"hello"#, #"a\"b\\c\/d"#, #"h\u00e9llo \ud83d\ude00 ü"#, #"x\ny"#, ""]
            var input = texts.map { #"{"task":9007199254740991,\#(rest){"text":"\#($0)"}}"# }
            input.append(#"{"task":6,\#(rest)[1]}"#)
            try place.write(input.map { $0 + "\n" }.joined(), to: "input")
            let file = Self.examples.appending(path: "\(library.example).stream.\(library.ending)").path
            let answer = try await place.other("sh", "-c", "exec '\(file)' < input")
            #expect(answer.status == 0 && answer.errors.isEmpty, "\(answer)")
            let lines = try answer.objects()
            #expect(lines.first?["hello"] as? Int == 1)
            #expect(
                lines.compactMap { $0["result"] as? String } == ["olleh", "d/c\\b\"a", "ü 😀 olléh", "y\nx", ""],
                "\(answer.output)"
            )
            #expect(lines.dropFirst().prefix(5).allSatisfy { $0["task"] as? Int == 9_007_199_254_740_991 })
            #expect(lines.last?["permanent"] as? Bool == true && lines.last?["task"] as? Int == 6)
        }
    }

    @Test("each library says all that the protocol can say", arguments: StreamLibrary.found)
    func says(_ library: StreamLibrary) async throws {
        try await Scratch.with { place in
            try Self.install(library, in: place)
            for what in ["work", "fail", "never", "again", "later"] {
                try await place.taskrunOK("add", "WORK", "{\"do\":\"\(what)\"}")
            }
            let run = try await place.taskrun("once", "--concurrency", "1", "--log-level", "info", "--json")
            let object = try #require(try run.objects().first)
            #expect(
                ["succeeded", "retried", "failed", "released"].map { object[$0] as? Int } == [1, 2, 1, 1],
                "\(run)"
            )
            #expect(run.errors.contains(" warning careful "))
            for id in 1...5 { #expect(run.errors.contains("stderr: printed for \(id) "), "\(run.errors)") }
            let rows = try await place.sql(
                "SELECT id, status, attempts, substr(replace(last_error, char(10), ' '), 1, 60), "
                    + "round((julianday(run_at) - julianday('now')) * 1440) FROM tasks ORDER BY id"
            )
            #expect(rows.count == 4)
            #expect(rows[0].hasPrefix("2|WAITING|1|") && rows[0].contains("no \"luck\""), "\(rows)")
            #expect(rows[1].hasPrefix("3|FAILED|1|never|"))
            #expect(rows[2] == "4|WAITING|1|busy|2.0")
            #expect(rows[3] == "5|WAITING|0|night|1.0")
        }
    }

    @Test(
        "each library lets tasks follow, in the task's batch, when the attempt succeeds",
        arguments: StreamLibrary.found
    )
    func follows(_ library: StreamLibrary) async throws {
        try await Scratch.with { place in
            try Self.install(library, in: place)
            try await place.taskrunOK("add", "WORK", #"{"do":"follow"}"#, "--batch", #"import "4", ü\2"#)
            try await place.taskrunOK("add", "WORK", #"{"do":"follow","batch":"of the data"}"#)
            try await place.taskrunOK("add", "WORK", #"{"do":"drop"}"#)
            try await place.taskrunOK("add", "WORK", #"{"do":"work"}"#)
            let run = try await place.taskrun("once", "--queue", "default", "--concurrency", "1", "--json")
            let object = try #require(try run.objects().first)
            #expect(["succeeded", "retried", "failed"].map { object[$0] as? Int } == [3, 1, 0], "\(run)")
            let rows = try await place.sql(
                "SELECT task_name, data, queue, priority, coalesce(batch, 'none'), coalesce(after_batch, 'none') "
                    + "FROM tasks WHERE task_name <> 'WORK' ORDER BY id"
            )
            #expect(
                rows == [
                    #"NEXT|{"n":1}|mail|5|import "4", ü\2|none"#, #"LAST|{"n":2}|mail|0|none|import "4", ü\2"#,
                    #"NEXT|{"n":1}|mail|5|none|none"#, #"LAST|{"n":2}|mail|0|none|none"#,
                ],
                "\(rows)"
            )
            let again = try await place.sql("SELECT count(*) FROM tasks WHERE task_name = 'WORK' AND attempts = 1")
            #expect(again == ["1"])
        }
    }

    /// Makes the library's script the handler for WORK.
    private static func install(_ library: StreamLibrary, in place: Scratch) throws {
        try FileManager.default.createDirectory(
            at: place.folder.appending(path: "handlers"),
            withIntermediateDirectories: true
        )
        try FileManager.default.copyItem(
            at: examples.appending(path: "lib"),
            to: place.folder.appending(path: "handlers/lib")
        )
        try place.write(
            "#!/usr/bin/env \(library.interpreter)\n\(library.script)\n",
            to: "handlers/WORK.stream.\(library.ending)",
            mode: 0o755
        )
    }
}
