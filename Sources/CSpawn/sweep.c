#define _GNU_SOURCE
#include "CRecord.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/// A process as /proc shows it. `rank` is 0 for an unrelated process, otherwise its distance from a program's session.
struct process {
    pid_t number, parent, group, session;
    unsigned long long began;
    int rank, has_ended, is_stopped;
};

struct table {
    struct process *rows;
    size_t count, room;
};

/// Reads a small file that has no size; returns its length, or -1.
static ssize_t read_all(const char *path, char *text, size_t room) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    size_t length = 0;
    ssize_t count = 0;
    while (length < room - 1 && (count = read(file, text + length, room - 1 - length)) > 0) length += (size_t)count;
    close(file);
    text[length] = 0;
    return count < 0 && length == 0 ? -1 : (ssize_t)length;
}

/// Reads `/proc/PID/stat`, proc(5). The name may contain anything, so fields are counted from its last parenthesis.
static int read_process(const char *number, struct process *process) {
    char path[64], text[2048], state;
    snprintf(path, sizeof path, "/proc/%s/stat", number);
    if (read_all(path, text, sizeof text) <= 0) return 0;
    char *rest = strrchr(text, ')');
    memset(process, 0, sizeof *process);
    if (!rest
        || sscanf(rest + 1, " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &state,
                  &process->parent, &process->group, &process->session, &process->began)
               != 5)
        return 0;
    process->number = atoi(text);
    process->has_ended = state == 'Z' || state == 'X' || state == 'x';
    return 1;
}

/// The real user of a process, or -1.
static long long user_of(pid_t process) {
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", process);
    if (read_all(path, text, sizeof text) <= 0) return -1;
    char *line = strstr(text, "\nUid:");
    return line ? atoll(line + 5) : -1;
}

/// Reads the lines that are not empty; returns how many, or -1 if the text is not a record.
///
/// A program begins only once its whole line is written. A line that ends too early or has a hole therefore belongs to
/// a program that never began: several lines are written at the same time, and the run was killed before an earlier one
/// was written, or the disk was full.
static long read_entries(int file, struct record_mark **entries) {
    struct stat status;
    if (fstat(file, &status) != 0 || status.st_size > 64 << 20) return -1;
    size_t lines = ((size_t)status.st_size + RECORD_LINE - 1) / RECORD_LINE;
    *entries = calloc(lines + 1, sizeof **entries);
    if (!*entries) return -1;
    unsigned long long tick = 1000000000ULL / (unsigned long long)sysconf(_SC_CLK_TCK);
    long count = 0;
    for (size_t number = 0; number < lines; number++) {
        char line[RECORD_LINE + 1] = "";
        unsigned long long process, before, after;
        if (pread(file, line, RECORD_LINE, (off_t)(number * RECORD_LINE)) < 0
            || strspn(line, "0123456789 \n") != strlen(line))
            return -1;
        if (strlen(line) < RECORD_LINE) continue;
        if (sscanf(line, "%10llu %20llu %20llu\n", &process, &before, &after) != 3) return -1;
        if (process < 2) continue;
        (*entries)[count++] = (struct record_mark){(pid_t)process, before / tick, after / tick};
    }
    return count;
}

static int by_number(const void *one, const void *other) {
    return ((const struct process *)one)->number - ((const struct process *)other)->number;
}

static int read_table(struct table *table) {
    DIR *folder = opendir("/proc");
    if (!folder) return 0;
    table->count = 0;
    struct dirent *item;
    while ((item = readdir(folder))) {
        if (item->d_name[0] < '0' || item->d_name[0] > '9') continue;
        if (table->count == table->room) {
            size_t room = table->room ? table->room * 2 : 256;
            struct process *rows = realloc(table->rows, room * sizeof *rows);
            if (!rows) break;
            table->rows = rows;
            table->room = room;
        }
        if (read_process(item->d_name, &table->rows[table->count])) table->count++;
    }
    int is_whole = item == NULL;
    closedir(folder);
    qsort(table->rows, table->count, sizeof *table->rows, by_number);
    return is_whole;
}

static struct process *find(const struct table *table, pid_t number) {
    struct process key = {.number = number};
    return table->count ? bsearch(&key, table->rows, table->count, sizeof key, by_number) : NULL;
}

/// Ranks the processes that belong to the programs; returns the greatest rank.
static int rank(struct table *table, const struct record_mark *entries, long entry_count, const pid_t *more,
                size_t more_count) {
    pid_t self = getpid(), own_group = getpgrp();
    for (long number = 0; number < entry_count; number++) {
        const struct record_mark *entry = &entries[number];
        struct process *leader = find(table, entry->process);
        // A number is reused only when no process, group or session has it any more. So nothing is left of that
        // program.
        if (leader && (leader->began < entry->first || leader->began > entry->last)) continue;
        for (size_t row = 0; row < table->count; row++) {
            struct process *process = &table->rows[row];
            if (process->session == entry->process || process->group == entry->process) process->rank = 1;
        }
        if (leader) leader->rank = 1;
    }
    for (size_t number = 0; number < more_count; number++) {
        struct process *known = find(table, more[number]);
        if (!known) continue;
        known->rank = 1;
        for (size_t row = 0; known->group > 1 && known->group != own_group && row < table->count; row++) {
            if (table->rows[row].group == known->group) table->rows[row].rank = 1;
        }
    }
    int greatest = 1;
    for (int is_new = 1; is_new;) {
        is_new = 0;
        for (size_t row = 0; row < table->count; row++) {
            struct process *process = &table->rows[row];
            struct process *parent = process->rank ? NULL : find(table, process->parent);
            // The children of an ended process have another parent by now.
            if (!parent || !parent->rank || parent->number == self) continue;
            process->rank = parent->rank + 1;
            if (process->rank > greatest) greatest = process->rank;
            is_new = 1;
        }
    }
    struct process *own = find(table, self);
    if (own) own->rank = 0;
    return greatest;
}

/// Sends a signal to the processes that may be ended, the last started ones first.
///
/// Returns whether it reached a process that had not been stopped before.
static int send(struct table *table, int greatest, int number, uid_t user, const struct table *before,
                struct record_sweep *result) {
    int is_new = 0;
    result->found = result->foreign = 0;
    for (int rank = greatest; rank >= 1; rank--) {
        for (size_t row = 0; row < table->count; row++) {
            struct process *process = &table->rows[row];
            if (process->rank != rank || process->has_ended) continue;
            result->found++;
            int is_ours = user == 0 || user_of(process->number) == (long long)user;
            if (!is_ours || (kill(process->number, number) != 0 && errno == EPERM)) {
                result->foreign++;
                continue;
            }
            process->is_stopped = 1;
            struct process *known = before ? find(before, process->number) : NULL;
            if (!known || !known->is_stopped) is_new = 1;
        }
    }
    return is_new;
}

static struct record_sweep sweep(const struct record_mark *entries, long entry_count, uid_t user, const pid_t *more,
                                 size_t count) {
    struct record_sweep result = {0, 0, entry_count >= 0};
    struct process own;
    struct table now = {NULL, 0, 0}, before = {NULL, 0, 0};
    if (entry_count > 0 || count > 0) {
        // Another namespace's /proc has other processes under these numbers.
        result.is_seen = result.is_seen && read_process("self", &own) && own.number == getpid();
        // Processes are stopped until no new one appears. Those that still run could start others in the meantime.
        for (int turn = 0, is_new = 1; result.is_seen && is_new && turn < 10; turn++) {
            struct table swap = before;
            before = now;
            now = swap;
            result.is_seen = read_table(&now);
            int greatest = rank(&now, entries, entry_count, more, count);
            is_new = send(&now, greatest, SIGSTOP, user, turn ? &before : NULL, &result);
            if (!is_new) send(&now, greatest, SIGKILL, user, NULL, &result);
        }
    }
    free(now.rows);
    free(before.rows);
    return result;
}

struct record_sweep record_sweep(int file, uid_t user, const pid_t *more, size_t count) {
    struct record_mark *entries = NULL;
    long entry_count = file < 0 ? 0 : read_entries(file, &entries);
    struct record_sweep result = sweep(entries, entry_count, user, more, count);
    free(entries);
    return result;
}

struct record_sweep record_sweep_marked(const struct record_mark *marks, size_t count, const pid_t *more,
                                        size_t more_count) {
    return sweep(marks, (long)count, geteuid(), more, more_count);
}

size_t record_look(pid_t program, const struct record_mark *known, size_t known_count, struct record_mark *marks,
                   size_t room) {
    struct process own;
    struct table now = {NULL, 0, 0};
    struct record_mark *entries = calloc(known_count + 1, sizeof *entries);
    if (!entries) return 0;
    unsigned long long tick = 1000000000ULL / (unsigned long long)sysconf(_SC_CLK_TCK);
    unsigned long long moment = (unsigned long long)record_clock() / tick;
    if (known_count > 0) memcpy(entries, known, known_count * sizeof *entries);
    entries[known_count] = (struct record_mark){program, 0, moment};
    size_t count = 0;
    if (read_process("self", &own) && own.number == getpid() && read_table(&now)) {
        rank(&now, entries, (long)known_count + 1, NULL, 0);
        for (size_t row = 0; row < now.count && count + 1 < room; row++) {
            struct process *process = &now.rows[row];
            if (!process->rank) continue;
            marks[count++] = (struct record_mark){process->number, process->began, process->began};
            // A session whose leader has ended is known by its number alone.
            if (!find(&now, process->session)) marks[count++] = (struct record_mark){process->session, 0, moment};
        }
    }
    free(entries);
    free(now.rows);
    return count;
}
