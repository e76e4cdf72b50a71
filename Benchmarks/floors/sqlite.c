/*
 * The floor on SQLite: claim and delete through libsqlite3, and nothing else.
 *
 *   floor-sqlite FILE [--rows TABLE|--bare] [--add one|bulk] [--tasks 200000] [--batch 100] [--bytes 2]
 *                [--journal wal|delete] [--synchronous full|normal]
 *
 * FILE is a database that `taskrun migrate` made the tables in, and whose `tasks` is empty. Rows are claimed from the view
 * that taskrun's own claim goes by, or from TABLE. With --bare the file is empty, and gets a table
 * of five columns with no check and no index: what adding and draining cost at least. Adds the tasks, then drains them on
 * one connection: each transaction deletes the last batch and claims the next. All rows are read. With --add they are only
 * added, in one transaction: each by an INSERT of its own, or all by one. Prints one line of JSON. Nothing is handled,
 * renewed, recovered or reported, and there is one lane: this is what the library can do. A plan that does not go by the
 * index is refused.
 */
#include <getopt.h>
#include <sqlite3.h>
#include <string.h>

#include "measure.h"

static sqlite3 *db;
static long tasks = 200000, batch = 100, bytes = 2;
static const char *journal = "wal", *synchronous = "full", *rows = NULL, *adding = NULL;
static int bare = 0;

static const char *const bare_sql =
    "CREATE TABLE tasks (id INTEGER PRIMARY KEY AUTOINCREMENT, task_name TEXT NOT NULL, data TEXT NOT NULL,"
    " status TEXT NOT NULL DEFAULT 'WAITING', created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')))";

static const char *const add_sql = "INSERT INTO tasks (task_name, data) VALUES ('FLOOR', ?1)";

static const char *const fill_sql =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)"
    " INSERT INTO tasks (task_name, data) SELECT 'FLOOR', ?2 FROM n";

static const char *const claim_sql =
    "UPDATE tasks SET status = 'PROCESSING', attempts = attempts + 1, claim_no = claim_no + 1, lease_owner = ?1,"
    " lease_expires_at = ?2"
    " WHERE id IN ("
    "SELECT id FROM %s AS tasks WHERE task_name = ?3 AND queue = ?4 AND julianday(run_at) <= julianday(?5)"
    " ORDER BY priority, julianday(run_at), id LIMIT ?6)"
    " RETURNING id, claim_no, task_name, queue, data, attempts, max_attempts, timeout_seconds, crashes";
static const char *const delete_sql = "DELETE FROM tasks WHERE id = ?1 AND claim_no = ?2 AND status = 'PROCESSING'";

/* The same values, in the same places. */
static const char *const bare_claim_sql =
    "UPDATE tasks SET status = 'PROCESSING'"
    " WHERE id IN (SELECT id FROM tasks WHERE id > ?7 AND status = 'WAITING' AND task_name = ?3 ORDER BY id LIMIT ?6)"
    " RETURNING id, 0, task_name, NULL, data, ?1, ?2, ?4, ?5";
static const char *const bare_delete_sql = "DELETE FROM tasks WHERE id = ?1 AND status = 'PROCESSING' AND ?2 = 0";

static void check(int code) {
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) die("SQLite %d: %s", code, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *s;
    check(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL));
    return s;
}

/* Ends the program where a statement does not go by the index. */
static void require_index(const char *sql, const char *index) {
    char text[4096], plan[4096] = "";
    snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", sql);
    sqlite3_stmt *s = prepare(text);
    int code, is_found = 0;
    while ((code = sqlite3_step(s)) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(s, 3);
        if (strstr(step, "SCAN tasks") != NULL) is_found = -1;
        if (is_found == 0 && strstr(step, index) != NULL) is_found = 1;
        strncat(plan, "\n  ", sizeof plan - strlen(plan) - 1);
        strncat(plan, step, sizeof plan - strlen(plan) - 1);
    }
    check(code);
    sqlite3_finalize(s);
    if (is_found != 1) die("%s%s\nthis statement of the floor does not go by %s", sql, plan, index);
}

/* Runs a statement that returns nothing, and makes it ready for the next time. */
static void run(sqlite3_stmt *s) {
    int code = sqlite3_step(s);
    if (code != SQLITE_DONE) check(code == SQLITE_ROW ? SQLITE_MISUSE : code);
    check(sqlite3_reset(s));
}

static void text(sqlite3_stmt *s, int place, const char *value) {
    check(sqlite3_bind_text(s, place, value, -1, SQLITE_STATIC));
}

static long ask(const char *sql) {
    sqlite3_stmt *s = prepare(sql);
    check(sqlite3_step(s));
    long value = (long)sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return value;
}

static void set(const char *pragma, const char *value) {
    char sql[128];
    snprintf(sql, sizeof sql, "PRAGMA %s = %s", pragma, value);
    check(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

/* How many were added a second. */
static double fill(void) {
    char *data = malloc((size_t)bytes + 16);
    if (data == NULL) die("out of memory");
    if (bytes < 10) strcpy(data, "{}");
    else {
        strcpy(data, "{\"x\":\"");
        memset(data + 6, 'x', (size_t)bytes - 8);
        strcpy(data + bytes - 2, "\"}");
    }
    int is_each = adding != NULL && strcmp(adding, "one") == 0;
    sqlite3_stmt *s = prepare(is_each ? add_sql : fill_sql);
    if (!is_each) check(sqlite3_bind_int64(s, 1, tasks));
    text(s, is_each ? 1 : 2, data);
    double start = seconds_now();
    check(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    for (long i = 0; i < (is_each ? tasks : 1); i++) run(s);
    check(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    double took = seconds_now() - start;
    sqlite3_finalize(s);
    free(data);
    return (double)tasks / took;
}

/* The moment `after` seconds from now, as the table's defaults write it. */
static void moment(char *to, size_t room, long after) {
    struct timespec t;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += after;
    gmtime_r(&t.tv_sec, &parts);
    size_t length = strftime(to, room, "%Y-%m-%d %H:%M:%S", &parts);
    snprintf(to + length, room - length, ".%03ld", t.tv_nsec / 1000000);
}

struct proof {
    sqlite3_int64 id, claim_no;
};

static long drain(void) {
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT");
    char claim_text[2048];
    snprintf(claim_text, sizeof claim_text, claim_sql, rows == NULL ? "tasks_plain" : rows);
    const char *claiming = bare ? bare_claim_sql : claim_text, *settling = bare ? bare_delete_sql : delete_sql;
    require_index(claiming, bare ? "INTEGER PRIMARY KEY" : "tasks_due");
    require_index(settling, "INTEGER PRIMARY KEY");
    sqlite3_stmt *claim = prepare(claiming), *settle = prepare(settling);
    struct proof *held = malloc(sizeof *held * (size_t)batch);
    if (held == NULL) die("out of memory");
    char now[40], end[40];
    long count = 0, done = 0, data_bytes = 0;
    text(claim, 1, "floor");
    text(claim, 3, "FLOOR");
    text(claim, 4, "default");
    check(sqlite3_bind_int64(claim, 6, batch));
    do {
        moment(now, sizeof now, 0);
        moment(end, sizeof end, 300);
        text(claim, 2, end);
        text(claim, 5, now);
        if (bare) check(sqlite3_bind_int64(claim, 7, count > 0 ? held[count - 1].id : 0));
        run(begin);
        for (long i = 0; i < count; i++) {
            check(sqlite3_bind_int64(settle, 1, held[i].id));
            check(sqlite3_bind_int64(settle, 2, held[i].claim_no));
            run(settle);
            if (sqlite3_changes(db) != 1) die("task %lld was not ours", held[i].id);
        }
        done += count;
        int code;
        for (count = 0; (code = sqlite3_step(claim)) == SQLITE_ROW; count++) {
            held[count].id = sqlite3_column_int64(claim, 0);
            held[count].claim_no = sqlite3_column_int64(claim, 1);
            data_bytes += (long)strlen((const char *)sqlite3_column_text(claim, 4));
        }
        check(code);
        check(sqlite3_reset(claim));
        run(commit);
    } while (count > 0);
    if (done != tasks || ask("SELECT count(*) FROM tasks") != 0) die("%ld of %ld tasks done", done, tasks);
    return data_bytes;
}

int main(int count, char **words) {
    static const struct option options[] = {
        {"tasks", 1, NULL, 't'}, {"batch", 1, NULL, 'b'}, {"bytes", 1, NULL, 'y'},
        {"journal", 1, NULL, 'j'}, {"synchronous", 1, NULL, 's'}, {"rows", 1, NULL, 'r'}, {"bare", 0, NULL, 'a'},
        {"add", 1, NULL, 'd'}, {NULL, 0, NULL, 0}};
    for (int o; (o = getopt_long(count, words, "", options, NULL)) != -1;) switch (o) {
        case 't': tasks = number("--tasks", optarg, 1); break;
        case 'b': batch = number("--batch", optarg, 1); break;
        case 'y': bytes = number("--bytes", optarg, 2); break;
        case 'j': journal = optarg; break;
        case 's': synchronous = optarg; break;
        case 'r': rows = optarg; break;
        case 'a': bare = 1; break;
        case 'd': adding = optarg; break;
        default: return 64;
        }
    if (optind != count - 1)
        die("usage: floor-sqlite FILE [--rows TABLE|--bare] [--add one|bulk]"
            " [--tasks N] [--batch N] [--bytes N] [--journal wal|delete] [--synchronous full|normal]");
    if (strcmp(journal, "wal") != 0 && strcmp(journal, "delete") != 0) die("--journal: wal or delete");
    if (strcmp(synchronous, "full") != 0 && strcmp(synchronous, "normal") != 0) die("--synchronous: full or normal");

    if (rows != NULL && bare) die("--rows or --bare");
    if (adding != NULL && strcmp(adding, "one") != 0 && strcmp(adding, "bulk") != 0) die("--add: one or bulk");

    check(sqlite3_open_v2(words[optind], &db, SQLITE_OPEN_READWRITE | (bare ? SQLITE_OPEN_CREATE : 0), NULL));
    check(sqlite3_busy_timeout(db, 5000));
    if (bare) check(sqlite3_exec(db, bare_sql, NULL, NULL, NULL));
    if (ask("SELECT count(*) FROM tasks") != 0) die("tasks is not empty: the floor touches no existing task");
    set("journal_mode", journal);
    set("synchronous", synchronous);
    double added = fill();
    if (adding != NULL) {
        printf("{\"floor\": \"sqlite\", \"tasks\": %ld, \"bytes\": %ld, \"added_per_second\": %.0f, "
               "\"cpu_ms_per_1000\": %.3f, \"peak_memory_mib\": %.1f}\n",
               tasks, bytes, added, cpu_seconds() * 1e6 / (double)tasks, peak_memory_mib());
        sqlite3_close_v2(db);
        return 0;
    }
    double start = seconds_now(), cpu = cpu_seconds();
    long data_bytes = drain();
    double took = seconds_now() - start;
    cpu = cpu_seconds() - cpu;
    printf("{\"floor\": \"sqlite\", \"tasks\": %ld, \"batch\": %ld, \"bytes\": %ld, \"journal\": \"%s\", "
           "\"synchronous\": \"%s\", \"seconds\": %.4f, \"performed_per_second\": %.0f, \"cpu_ms_per_1000\": %.3f, "
           "\"peak_memory_mib\": %.1f, \"data_bytes_read\": %ld}\n",
           tasks, batch, bytes, journal, synchronous, took, (double)tasks / took, cpu * 1e6 / (double)tasks,
           peak_memory_mib(), data_bytes);
    sqlite3_close_v2(db);
    return 0;
}
