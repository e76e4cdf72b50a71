#define _GNU_SOURCE
#include "CRecord.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

long long record_clock(void) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/// Writes a number with leading zeros.
static char *put(char *end, unsigned long long number, int digits) {
    for (int place = digits - 1; place >= 0; place--, number /= 10) end[place] = (char)('0' + number % 10);
    return end + digits;
}

static int write_line(int file, off_t offset, unsigned long long process, long long before, long long after) {
    char line[RECORD_LINE];
    char *end = put(line, process, 10);
    *end++ = ' ';
    end = put(end, (unsigned long long)before, 20);
    *end++ = ' ';
    end = put(end, (unsigned long long)after, 20);
    *end = '\n';
    ssize_t count;
    do count = pwrite(file, line, sizeof line, offset);
    while (count < 0 && errno == EINTR);
    if (count < 0) return errno;
    return count == sizeof line ? 0 : ENOSPC;
}

int record_enter(const struct record_place *place, long long before) {
    return write_line(place->file, place->offset, (unsigned long long)getpid(), before, record_clock());
}

void record_leave(int file, off_t offset) { write_line(file, offset, 0, 0, 0); }
