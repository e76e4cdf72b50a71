#define _GNU_SOURCE
#include "CSpawn.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

static int count = 0;
static char **words = NULL;

#if defined(__linux__) && defined(__GLIBC__)
// Swift's runtime looks for the arguments next to the environment. It finds none if a preloaded library has moved the
// environment (setenv before main). Arguments set here take precedence. A runtime without this function is left alone.
extern void _swift_stdlib_overrideUnsafeArgvArgc(char **argv, int argc) __attribute__((weak));

// glibc passes the kernel's arguments to functions that it calls before main.
__attribute__((constructor)) static void take_arguments(int argc, char **argv) {
    count = argc;
    words = argv;
    if (_swift_stdlib_overrideUnsafeArgvArgc && argc > 0) _swift_stdlib_overrideUnsafeArgvArgc(argv, argc);
}
#endif

int process_argument_count(void) { return count; }

const char *process_argument(int index) { return index >= 0 && index < count ? words[index] : NULL; }

void process_cover_argument(int index, size_t from) {
    if (index < 0 || index >= count || strlen(words[index]) < from) return;
    memset(words[index] + from, 'x', strlen(words[index] + from));
}

void process_set_open(int is_open) {
#if defined(__linux__)
    prctl(PR_SET_DUMPABLE, is_open ? 1 : 0, 0, 0, 0);
#endif
}

#if defined(__linux__)
extern char **environ;

/// Whether a variable stays where it is: the loader keeps pointers to its own ones, and others must see TASKRUN_RUN.
static int stays(const char *variable) {
    return strncmp(variable, "LD_", 3) == 0 || strncmp(variable, "TASKRUN_RUN=", 12) == 0;
}

/// Moves the variables to this process's own memory, and overwrites the place where they were.
static void move_variables(void) {
    if (!words) return;
    // The kernel puts them behind the arguments, whatever a preloaded library has done to `environ` since.
    char **given = words + count + 1;
    size_t number = 0;
    while (given[number]) number++;
    char **old = calloc(number + 1, sizeof *old);
    if (!old) return;
    for (size_t i = 0; i < number; i++) old[i] = given[i];
    // All are moved before the old places are overwritten: `environ` may be that very list.
    for (size_t place = 0; environ && environ[place]; place++) {
        if (stays(environ[place])) continue;
        char *copy = strdup(environ[place]);
        if (!copy) {
            free(old);
            return;
        }
        environ[place] = copy;
    }
    for (size_t i = 0; i < number; i++) {
        if (!stays(old[i])) memset(old[i], 0, strlen(old[i]));
    }
    free(old);
}

void process_keep_secrets(void) {
    move_variables();
    process_set_open(0);
}
#else
void process_keep_secrets(void) {}
#endif
