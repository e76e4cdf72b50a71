#include "CSQLite.h"

#include <sqlite3.h>
#include <time.h>

static long long now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static int is_over(void *ends) {
    long long *end = ends;
    return now(CLOCK_THREAD_CPUTIME_ID) > end[0] || now(CLOCK_MONOTONIC) > end[1];
}

void sqlite_limit_time(struct sqlite3 *connection, long long ends[2], long long milliseconds) {
    ends[0] = now(CLOCK_THREAD_CPUTIME_ID) + milliseconds;
    ends[1] = now(CLOCK_MONOTONIC) + 5 * milliseconds;
    sqlite3_progress_handler(connection, 10000, is_over, ends);
}

void sqlite_unlimit_time(struct sqlite3 *connection) { sqlite3_progress_handler(connection, 0, 0, 0); }
