/*
 * The floor on PostgreSQL: claim and delete through libpq, and nothing else.
 *
 *   floor-postgresql CONNINFO [--tasks 200000] [--batch 100] [--bytes 2] [--commit on|off] [--processes 1]
 *
 * CONNINFO is a database that `taskrun migrate` made the tables in, and whose `tasks` is empty. Adds the tasks, then
 * drains them: each round trip is one pipeline, and one transaction, that deletes the last batch and claims the next. All
 * rows are read. Prints one line of JSON. Nothing is handled, renewed, recovered or reported, and there is one lane: this
 * is what the database itself can do.
 */
#include <getopt.h>
#include <libpq-fe.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

static const char *conninfo;
static long tasks = 200000, batch = 100, bytes = 2, processes = 1;
static const char *commit_mode = "on";

/* The planner is told to use the indexes, as taskrun tells it: the table was empty when the statements are planned. */
static const char *const session =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off;"
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off; SET synchronous_commit = ";

static const char *const claim_sql =
    "UPDATE tasks SET status = 'PROCESSING', attempts = attempts + 1, claim_no = claim_no + 1, lease_owner = $1,"
    " lease_expires_at = now() + interval '300 seconds'"
    " WHERE id = ANY (ARRAY("
    "SELECT id FROM tasks"
    " WHERE task_name = $2 AND queue = $3 AND status = 'WAITING' AND crashes = 0 AND lock_key IS NULL AND run_at <= now()"
    " ORDER BY priority, run_at, id LIMIT %ld FOR NO KEY UPDATE SKIP LOCKED))"
    " RETURNING id, claim_no, task_name, queue, data, attempts, max_attempts, timeout_seconds, crashes";

/* `|| ''`: or the planner would go through the index of the leases for each number. */
static const char *const delete_sql =
    "DELETE FROM tasks USING unnest($1::bigint[], $2::bigint[]) AS proof (id, claim_no)"
    " WHERE tasks.id = proof.id AND tasks.claim_no = proof.claim_no AND tasks.status || '' = 'PROCESSING'";

static PGconn *connect_or_die(void) {
    PGconn *c = PQconnectdb(conninfo);
    if (PQstatus(c) != CONNECTION_OK) die("%s", PQerrorMessage(c));
    return c;
}

static PGresult *expect(PGconn *c, PGresult *r) {
    ExecStatusType s = PQresultStatus(r);
    if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK && s != PGRES_PIPELINE_SYNC)
        die("%s: %s", PQresStatus(s), PQerrorMessage(c));
    return r;
}

static void run(PGconn *c, const char *sql) { PQclear(expect(c, PQexec(c, sql))); }

static long ask(PGconn *c, const char *sql) {
    PGresult *r = expect(c, PQexec(c, sql));
    long value = PQntuples(r) > 0 ? atol(PQgetvalue(r, 0, 0)) : 0;
    PQclear(r);
    return value;
}

/* The next statement's only result in the pipeline; a NULL follows each. */
static PGresult *next(PGconn *c) {
    PGresult *r = expect(c, PQgetResult(c));
    if (PQresultStatus(r) != PGRES_PIPELINE_SYNC && PQgetResult(c) != NULL) die("more than one result");
    return r;
}

/* CPU time of the server's process for this connection, if it is on this machine. */
static double server_cpu_seconds(int pid) {
    char path[64], line[1024], *rest;
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    if (f == NULL) return 0;
    if (fgets(line, sizeof line, f) != NULL && (rest = strrchr(line, ')')) != NULL)
        sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    fclose(f);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void fill(void) {
    char data[128], insert[512];
    PGconn *c = connect_or_die();
    if (ask(c, "SELECT count(*) FROM tasks") != 0) die("tasks is not empty: the floor touches no existing task");
    run(c, "TRUNCATE tasks");
    if (bytes < 10) strcpy(data, "{}");
    else snprintf(data, sizeof data, "{\"x\":\"' || repeat('x', %ld) || '\"}", bytes - 8);
    snprintf(insert, sizeof insert,
             "INSERT INTO tasks (task_name, data)"
             " SELECT 'FLOOR', ('%s')::json FROM generate_series(1, %ld)", data, tasks);
    run(c, insert);
    PQfinish(c);
}

struct outcome {
    long done, data_bytes;
    double cpu, server_cpu, peak;
};

static struct outcome drain(int ready, int go) {
    PGconn *c = connect_or_die();
    char sql[2048], owner[32], byte = 0;
    snprintf(sql, sizeof sql, "%s%s", session, commit_mode);
    run(c, sql);
    snprintf(sql, sizeof sql, claim_sql, batch);
    PQclear(expect(c, PQprepare(c, "claim", sql, 0, NULL)));
    PQclear(expect(c, PQprepare(c, "settle", delete_sql, 0, NULL)));
    if (PQenterPipelineMode(c) != 1) die("no pipeline mode");
    snprintf(owner, sizeof owner, "floor %d", (int)getpid());

    size_t room = (size_t)batch * 21 + 3;
    char *ids = malloc(room), *numbers = malloc(room);
    if (ids == NULL || numbers == NULL) die("out of memory");
    const char *claim_values[] = {owner, "FLOOR", "default"}, *proofs[] = {ids, numbers};
    struct outcome o = {0};
    long held = 0;

    if (write(ready, &byte, 1) != 1) die("cannot say ready");
    if (read(go, &byte, 1) != 0) die("no go");
    double cpu = cpu_seconds(), server_cpu = server_cpu_seconds(PQbackendPID(c));
    for (;;) {
        if (held > 0 && PQsendQueryPrepared(c, "settle", 2, proofs, NULL, NULL, 0) != 1) die("%s", PQerrorMessage(c));
        if (PQsendQueryPrepared(c, "claim", 3, claim_values, NULL, NULL, 0) != 1) die("%s", PQerrorMessage(c));
        if (PQpipelineSync(c) != 1) die("%s", PQerrorMessage(c));
        if (held > 0) {
            PGresult *deleted = next(c);
            if (atol(PQcmdTuples(deleted)) != held) die("held %ld tasks, deleted %s", held, PQcmdTuples(deleted));
            PQclear(deleted);
            o.done += held;
        }
        PGresult *rows = next(c);
        held = PQntuples(rows);
        char *id = ids, *no = numbers;
        for (int row = 0; row < held; row++) {
            id += sprintf(id, "%c%s", row == 0 ? '{' : ',', PQgetvalue(rows, row, 0));
            no += sprintf(no, "%c%s", row == 0 ? '{' : ',', PQgetvalue(rows, row, 1));
            o.data_bytes += (long)strlen(PQgetvalue(rows, row, 4));
        }
        strcpy(id, "}");
        strcpy(no, "}");
        PQclear(rows);
        PQclear(next(c));
        if (held == 0) break;
    }
    o.cpu = cpu_seconds() - cpu;
    o.server_cpu = server_cpu_seconds(PQbackendPID(c)) - server_cpu;
    o.peak = peak_memory_mib();
    PQfinish(c);
    return o;
}

int main(int count, char **words) {
    static const struct option options[] = {
        {"tasks", 1, NULL, 't'}, {"batch", 1, NULL, 'b'}, {"bytes", 1, NULL, 'y'},
        {"commit", 1, NULL, 'c'}, {"processes", 1, NULL, 'p'}, {NULL, 0, NULL, 0}};
    for (int o; (o = getopt_long(count, words, "", options, NULL)) != -1;) switch (o) {
        case 't': tasks = number("--tasks", optarg, 1); break;
        case 'b': batch = number("--batch", optarg, 1); break;
        case 'y': bytes = number("--bytes", optarg, 2); break;
        case 'c': commit_mode = optarg; break;
        case 'p': processes = number("--processes", optarg, 1); break;
        default: return 64;
        }
    if (optind != count - 1)
        die("usage: floor-postgresql CONNINFO"
            " [--tasks N] [--batch N] [--bytes N] [--commit on|off] [--processes N]");
    if (strcmp(commit_mode, "on") != 0 && strcmp(commit_mode, "off") != 0) die("--commit: on or off");
    conninfo = words[optind];
    fill();

    int ready[2], go[2], results[2];
    if (pipe(ready) != 0 || pipe(go) != 0 || pipe(results) != 0) die("no pipe");
    for (long i = 0; i < processes; i++) {
        pid_t child = fork();
        if (child < 0) die("no fork");
        if (child > 0) continue;
        close(go[1]);
        struct outcome o = drain(ready[1], go[0]);
        return write(results[1], &o, sizeof o) == sizeof o ? 0 : 1;
    }
    close(ready[1]);
    close(results[1]);
    char byte;
    for (long i = 0; i < processes; i++)
        if (read(ready[0], &byte, 1) != 1) die("a process did not get ready");
    double start = seconds_now();
    close(go[1]);
    struct outcome all = {0}, one;
    while (read(results[0], &one, sizeof one) == sizeof one) {
        all.done += one.done, all.data_bytes += one.data_bytes, all.cpu += one.cpu, all.server_cpu += one.server_cpu;
        all.peak += one.peak;
    }
    double took = seconds_now() - start;
    while (wait(NULL) > 0) {}

    PGconn *c = connect_or_die();
    long left = ask(c, "SELECT count(*) FROM tasks");
    PQfinish(c);
    if (all.done != tasks || left != 0) die("%ld of %ld tasks done, %ld left", all.done, tasks, left);
    printf("{\"floor\": \"postgresql\", \"tasks\": %ld, \"batch\": %ld, \"bytes\": %ld, \"commit\": \"%s\", "
           "\"processes\": %ld, \"seconds\": %.4f, \"performed_per_second\": %.0f, \"cpu_ms_per_1000\": %.3f, "
           "\"server_cpu_ms_per_1000\": %.3f, \"peak_memory_mib\": %.1f, \"data_bytes_read\": %ld}\n",
           tasks, batch, bytes, commit_mode, processes, took, (double)tasks / took, all.cpu * 1e6 / (double)tasks,
           all.server_cpu * 1e6 / (double)tasks, all.peak, all.data_bytes);
    return 0;
}
