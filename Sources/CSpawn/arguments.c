#define _GNU_SOURCE
#include "CSpawn.h"

#include <stddef.h>

static int count = 0;
static char **words = NULL;

#if defined(__linux__) && defined(__GLIBC__)
// Swift's runtime looks for the words beside the environment, and finds none where a preloaded library has moved that
// (setenv before main). What it is told here goes before. Missing in a runtime, it is not called.
extern void _swift_stdlib_overrideUnsafeArgvArgc(char **argv, int argc) __attribute__((weak));

// glibc gives what the kernel gave to functions that it calls before main.
__attribute__((constructor)) static void take_arguments(int argc, char **argv) {
    count = argc;
    words = argv;
    if (_swift_stdlib_overrideUnsafeArgvArgc && argc > 0) _swift_stdlib_overrideUnsafeArgvArgc(argv, argc);
}
#endif

int process_argument_count(void) { return count; }

const char *process_argument(int index) { return index >= 0 && index < count ? words[index] : NULL; }
