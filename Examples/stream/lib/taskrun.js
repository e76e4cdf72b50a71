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
// What the function returns, or its promise gives, is the result, undefined for none. What it throws is the error of a
// failed attempt, which is tried again after the usual backoff, unless it is one of the three below. console.log() goes
// to the log, as stderr does.
//
//     task.add('INVOICE_SEND', { invoice: 12 }, { queue: 'mail', delay: '1h', batch: task.batch });
//
// lets a task follow, with the keys of a line of "taskrun add -". Those that follow are added when the function returns, by
// the transaction that ends this task, and dropped when it throws.

/** No attempt can succeed: the task is FAILED at once. */
class Permanent extends Error {}

/** This attempt failed; the next one comes after so many seconds instead of the usual backoff. */
class RetryAfter extends Error {
    constructor(seconds, error) {
        super(error);
        this.seconds = seconds;
    }
}

/** Not now: the task comes back after so many seconds (null: the usual backoff), and the attempt does not count. */
class Later extends Error {
    constructor(seconds = null, note = null) {
        super(note ?? '');
        this.seconds = seconds;
        this.note = note;
    }
}

// stdout carries the protocol alone: whatever else is printed goes to stderr. Pipes are written to at once on Linux.
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

function say(message) {
    write(JSON.stringify(message) + '\n');
}

/** What is known of the task besides its data. */
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

    /** Lets a task follow, if this attempt succeeds: { queue: 'mail', delay: '1h', batch: task.batch }; null: the default. */
    add(taskName, data, columns = {}) {
        // A copy: what becomes of the data later is not meant.
        this.added.push(JSON.parse(JSON.stringify({ task_name: taskName, data, ...columns })));
    }

    /** Tells how far the task is: 3 of 10. */
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
