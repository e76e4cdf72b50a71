'use strict';

// taskrun.js: stream handlers in Node; one file, to be copied next to them. Node 16 or later.
//
//     const taskrun = require('./lib/taskrun.js');
//
//     taskrun.serve(async (data, task) => {
//         if (!data.email) throw new taskrun.Permanent('no email in data');
//         return { sent: data.email };
//     });
//
// The function returns the result or a promise of it, or undefined if there is none. An exception means that the attempt has
// failed and is tried again after the usual backoff, unless it is one of the three classes below. console.log() writes to
// the log, as stderr does.
//
//     task.add('INVOICE_SEND', { invoice: 12 }, { queue: 'mail', delay: '1h', batch: task.batch });
//
// adds a task that follows this one. The keys are those of a line of "taskrun add -". When the function returns, such tasks
// are added by the transaction that ends this task. When it throws, they are dropped.

/** No attempt can succeed: the task is FAILED at once. */
class Permanent extends Error {}

/** This attempt failed; the next one comes after so many seconds instead of the usual backoff. */
class RetryAfter extends Error {
    constructor(seconds, error) {
        super(error);
        this.seconds = seconds;
    }
}

/** Not now: the task is tried again after so many seconds (null: the usual backoff); the attempt does not count. */
class Later extends Error {
    constructor(seconds = null, note = null) {
        super(note ?? '');
        this.seconds = seconds;
        this.note = note;
    }
}

// stdout carries only the protocol: all other output goes to stderr. On Linux, writes to pipes happen at once.
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

function say(message) {
    write(JSON.stringify(message) + '\n');
}

/** The task, without its data. */
class Task {
    constructor(line) {
        this.id = line.task;
        this.attempt = line.attempt;
        this.maxAttempts = line.max_attempts;
        this.deadline = line.deadline; // seconds since 1970, as Date.now() / 1000
        this.queue = line.queue;
        this.name = line.name;
        this.batch = line.batch ?? null; // null: the task is in no batch
        this.added = [];
    }

    /** Adds a task if this attempt succeeds: { queue: 'mail', delay: '1h', batch: task.batch }; null means the default. */
    add(taskName, data, columns = {}) {
        // A copy, so that later changes of the data do not count.
        this.added.push(JSON.parse(JSON.stringify({ task_name: taskName, data, ...columns })));
    }

    /** Reports the progress, for example 3 of 10. */
    progress(done, total = null, note = null) {
        say({ task: this.id, progress: total === null ? [done] : [done, total], note });
    }

    /** Writes a line to the log; the level is trace, debug, info, notice, warning, error or critical. */
    log(text, level = 'info') {
        say({ log: String(text), level });
    }
}

async function answer(perform, line) {
    try {
        const task = new Task(line);
        const result = await perform(line.data, task);
        JSON.stringify(result);
        return { ok: true, result, add: task.added.length > 0 ? task.added : undefined };
    } catch (error) {
        if (error instanceof Permanent) return { error: error.message, permanent: true };
        if (error instanceof RetryAfter) return { error: error.message, retry_after: error.seconds };
        if (error instanceof Later) return { later: error.seconds, note: error.note };
        return { error: String(error?.stack ?? error).slice(0, 6000) }; // one bad task must not end the program
    }
}

/** Performs tasks, one after the other, until there are no more. */
async function serve(perform) {
    say({ hello: 1 });
    process.stdin.setEncoding('utf8');
    let rest = '';
    for await (const text of process.stdin) {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        for (const json of lines) {
            const line = JSON.parse(json);
            say({ task: line.task, ...(await answer(perform, line)) });
        }
    }
}

module.exports = { serve, Task, Permanent, RetryAfter, Later };
