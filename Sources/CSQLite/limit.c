#include "CSQLite.h"

#include <sqlite3.h>
#include <time.h>

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static int is_over(void *end) { return now() > *(long long *)end; }

void sqlite_limit_time(struct sqlite3 *connection, long long *end, long long milliseconds) {
    *end = now() + milliseconds;
    sqlite3_progress_handler(connection, 10000, is_over, end);
}

void sqlite_unlimit_time(struct sqlite3 *connection) { sqlite3_progress_handler(connection, 0, 0, 0); }
