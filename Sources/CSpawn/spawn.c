#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// For C libraries older than the kernels they run on; the number is the same on every architecture.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

struct pipes {
    int input[2], output[2], errors[2];
};

static void close_both(int ends[2]) {
    // EINTR is no reason to try again: on Linux the descriptor is gone, close(2).
    if (ends[0] >= 0) close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
}

static int close_pipes(struct pipes *pipes, int error) {
    close_both(pipes->input);
    close_both(pipes->output);
    close_both(pipes->errors);
    return error;
}

/// Makes a pipe whose end `ours` does not block; the child's end does.
static int make_pipe(int ends[2], int ours) {
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    return fcntl(ends[ours], F_SETFL, O_NONBLOCK) != 0 ? errno : 0;
}

static int describe_files(posix_spawn_file_actions_t *actions, struct pipes *pipes, const char *directory) {
    int error = posix_spawn_file_actions_addchdir_np(actions, directory);
    if (!error) error = posix_spawn_file_actions_adddup2(actions, pipes->input[0], 0);
    if (!error) error = posix_spawn_file_actions_adddup2(actions, pipes->output[1], 1);
    if (!error) error = posix_spawn_file_actions_adddup2(actions, pipes->errors[1], 2);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    // What this process opens is closed on exec anyway; what it was started with need not be.
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(actions, 3);
#endif
    return error;
}

static int describe_process(posix_spawnattr_t *attributes) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int error = posix_spawnattr_setsigdefault(attributes, &all);
    if (!error) error = posix_spawnattr_setsigmask(attributes, &none);
    short flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    return error ? error : posix_spawnattr_setflags(attributes, flags);
}

static int start(const char *path, char *const arguments[], char *const environment[], const char *directory,
                 struct pipes *pipes, pid_t *process) {
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    posix_spawnattr_t attributes;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        error = describe_files(&actions, pipes, directory);
        if (!error) error = describe_process(&attributes);
        if (!error) error = posix_spawn(process, path, &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int spawn_child(const char *path, char *const arguments[], char *const environment[], const char *directory,
                struct spawned_child *child) {
    struct pipes pipes = {{-1, -1}, {-1, -1}, {-1, -1}};
    int error = make_pipe(pipes.input, 1);
    if (!error) error = make_pipe(pipes.output, 0);
    if (!error) error = make_pipe(pipes.errors, 0);
    if (!error) error = start(path, arguments, environment, directory, &pipes, &child->process);
    if (error) return close_pipes(&pipes, error);
    // Closed on exec by the kernel.
    child->end = (int)syscall(SYS_pidfd_open, child->process, 0);
    if (child->end < 0) {
        error = errno;
        kill(-child->process, SIGKILL);
        while (waitpid(child->process, NULL, 0) < 0 && errno == EINTR) continue;
        return close_pipes(&pipes, error);
    }
    close(pipes.input[0]);
    close(pipes.output[1]);
    close(pipes.errors[1]);
    child->input = pipes.input[1];
    child->output = pipes.output[0];
    child->errors = pipes.errors[0];
    return 0;
}

int make_wake_descriptor(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void wake_descriptor(int descriptor) {
    uint64_t one = 1;
    // Full only after 2^64 - 1 calls, and then it is readable already.
    if (write(descriptor, &one, sizeof one) < 0) return;
}
