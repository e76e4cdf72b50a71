/* The floor for executables: what starting a program, feeding it, reading it and reaping it costs in C.
 *
 * THREADS threads each start one program after the other, COUNT in all: posix_spawn(3) in a session of its own, three
 * pipes, an environment as large as a handler's, 100 bytes written to stdin, both outputs read to the end, waitpid(2).
 * Prints one JSON object: children, threads, seconds, per_second, user and system seconds (children included).
 *
 * Build: cc -O2 -pthread -o spawn spawn.c     Run: ./spawn THREADS COUNT PROGRAM
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *program;
static atomic_int left;

/* The names and about the lengths of what a handler gets. */
static char *environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
    "TZ=UTC",
    "TASKRUN_RUN=some-host 12345 123456 01234567-89ab-cdef-0123-456789abcdef 4026531836",
    "TASKRUN_TASK_ID=123456",
    "TASKRUN_TASK_NAME=CAT",
    "TASKRUN_QUEUE=default",
    "TASKRUN_ATTEMPT=1",
    "TASKRUN_MAX_ATTEMPTS=20",
    "TASKRUN_DEADLINE=2026-01-01T00:00:00Z",
    "TASKRUN_OUTPUT=/tmp/taskrun-0/output-some-host_12345_123456_01234567-89ab-cdef-0123-456789abcdef_4026531836/1",
    NULL,
};

static void fail(const char *what, int error) {
    fprintf(stderr, "spawn: %s: %s\n", what, strerror(error));
    exit(1);
}

static void perform(const char *input, size_t length) {
    int in[2], out[2], err[2];
    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) fail("pipe2", errno);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    char *arguments[] = {(char *)program, NULL};
    pid_t child;
    int error = posix_spawn(&child, program, &actions, &attributes, arguments, environment);
    if (error) fail(program, error);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    close(err[1]);
    if (write(in[1], input, length) < 0 && errno != EPIPE) fail("write", errno);
    close(in[1]);

    static _Thread_local char buffer[65536];
    struct pollfd streams[2] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
    int open = 2;
    while (open > 0) {
        if (poll(streams, 2, -1) < 0 && errno != EINTR) fail("poll", errno);
        for (int i = 0; i < 2; i++) {
            if (streams[i].fd < 0 || streams[i].revents == 0) continue;
            if (read(streams[i].fd, buffer, sizeof buffer) > 0) continue;
            streams[i].fd = -1;
            open--;
        }
    }
    close(out[0]);
    close(err[0]);
    int status;
    if (waitpid(child, &status, 0) != child) fail("waitpid", errno);
    if (status != 0) fail("the program's status is not 0", 0);
}

static void *work(void *unused) {
    char input[100];
    memset(input, 'x', sizeof input);
    while (atomic_fetch_sub(&left, 1) > 0) perform(input, sizeof input);
    return unused;
}

static double seconds(struct timeval time) { return time.tv_sec + time.tv_usec / 1e6; }

int main(int count, char **words) {
    if (count != 4 || atoi(words[1]) < 1 || atoi(words[1]) > 1024) {
        fprintf(stderr, "usage: spawn THREADS COUNT PROGRAM\n");
        return 64;
    }
    int threads = atoi(words[1]), children = atoi(words[2]);
    program = words[3];
    left = children;
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    pthread_t *all = calloc(threads, sizeof *all);
    for (int i = 0; i < threads; i++) pthread_create(&all[i], NULL, work, NULL);
    for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double took = (end.tv_sec - begin.tv_sec) + (end.tv_nsec - begin.tv_nsec) / 1e9;
    struct rusage self, others;
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &others);
    printf("{\"children\":%d,\"threads\":%d,\"seconds\":%.3f,\"per_second\":%.0f,\"user\":%.3f,\"system\":%.3f}\n",
           children, threads, took, children / took, seconds(self.ru_utime) + seconds(others.ru_utime),
           seconds(self.ru_stime) + seconds(others.ru_stime));
    return 0;
}
