#define _GNU_SOURCE
#include "CRecord.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/// Its name in the list of processes. It differs from this program's name: a command that ends all processes of that
/// name ends the runs, and the watcher must outlive them.
static const char name[] = "ends-handlers-of-run";
/// This program's own file, even if another file has replaced it in the meantime.
static const char own_file[] = "/proc/self/exe";
enum { run_end = 3, run_record = 4 };

/// What the child does before it becomes the watcher; returns only with an error. It only makes system calls.
static int become(pid_t run, int file, char *const arguments[]) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < 32; number++) sigaction(number, &standard, NULL);
    if (setsid() < 0 || chdir("/") != 0) return errno;
    int end = (int)syscall(SYS_pidfd_open, run, 0U);
    if (end < 0) return errno;
    // It was this process's parent all the time, so no other process can have had its number.
    if (getppid() != run) return ESRCH;
    end = fcntl(end, F_DUPFD, 16);
    file = fcntl(file, F_DUPFD, 16);
    if (end < 0 || file < 0 || dup2(end, run_end) < 0 || dup2(file, run_record) < 0) return errno;
    int nothing = open("/dev/null", O_RDWR);
    for (int number = 0; number < 3; number++) {
        if (nothing < 0 || dup2(nothing, number) < 0) close(number);
    }
    syscall(SYS_close_range, 5U, ~0U, 0U);
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    char *const environment[] = {NULL};
    execve(own_file, arguments, environment);
    return errno;
}

/// A function of its own because vfork(2) returns twice.
__attribute__((noinline)) static pid_t begin(pid_t run, int file, char *const arguments[], volatile int *error) {
    pid_t child = vfork();
    if (child == 0) {
        *error = become(run, file, arguments);
        _exit(127);
    }
    if (child < 0) *error = errno;
    return child;
}

pid_t record_watch(int file) {
    char number[16];
    snprintf(number, sizeof number, "%d", getpid());
    char *const arguments[] = {(char *)name, number, NULL};
    volatile int error = 0;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid_t child = begin(getpid(), file, arguments, &error);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!error) return child;
    if (child > 0) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    }
    errno = error;
    return -1;
}

/// Waits until the run has ended, and ends the processes that it left.
static void watch(void) {
    prctl(PR_SET_NAME, "ends-handlers");
    struct pollfd run = {.fd = run_end, .events = POLLIN};
    while (poll(&run, 1, -1) < 0 && errno == EINTR) continue;
    struct stat status;
    if (fstat(run_record, &status) != 0) return;
    // A process that is stuck in the kernel is retried for a minute.
    for (int turn = 0; turn < 600; turn++) {
        struct record_sweep sweep = record_sweep(run_record, status.st_uid, NULL, 0);
        if (!sweep.is_seen || sweep.found == sweep.foreign) return;
        usleep(turn < 100 ? 2000 : 100000);
    }
}

/// Runs before anything else of this program, and returns unless the program was started as the watcher.
__attribute__((constructor)) static void begin_as_watcher(void) {
    const char *file = (const char *)getauxval(AT_EXECFN);
    if (!file || strcmp(file, own_file) != 0) return;
    char words[sizeof name + 16] = "";
    int source = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (source < 0) return;
    ssize_t count = read(source, words, sizeof words - 1);
    close(source);
    if (count < (ssize_t)sizeof name || strcmp(words, name) != 0) return;
    watch();
    _exit(0);
}
