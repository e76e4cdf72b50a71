#define _GNU_SOURCE
#include "CSpawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// For C libraries older than the kernels they run on; the numbers are the same on every architecture.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

struct pipes {
    int input[2], output[2], errors[2];
};

struct program {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const char *directory;
    struct record_place place;
    /// This process, and the moment before the child was made.
    pid_t starter;
    long long before;
};

static void close_both(int ends[2]) {
    // EINTR is no reason to try again: on Linux the descriptor is closed then, close(2).
    if (ends[0] >= 0) close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
}

static struct spawn_fault give_up(struct pipes *pipes, struct spawn_fault fault) {
    close_both(pipes->input);
    close_both(pipes->output);
    close_both(pipes->errors);
    return fault;
}

/// Makes a pipe. The end `ours` does not block; the child's end does.
static int make_pipe(int ends[2], int ours) {
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    return fcntl(ends[ours], F_SETFL, O_NONBLOCK) != 0 ? errno : 0;
}

/// Puts a descriptor where the program expects it, open on exec.
static int place(int from, int to) { return from == to ? fcntl(to, F_SETFD, 0) : dup2(from, to); }

/// What the child does before it becomes the program; returns only with a fault.
///
/// The child shares this process's memory, so it only makes system calls: no allocation, no lock.
static struct spawn_fault become(const struct program *program, const struct pipes *pipes) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    // The signals from SIGRTMIN on would double the number of system calls, and this program neither ignores nor
    // handles them.
    for (int number = 1; number < 32; number++) sigaction(number, &standard, NULL);
    if (setsid() < 0) return (struct spawn_fault){errno, spawn_prepare};
    if (program->place.dies_with_starter) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (program->place.file >= 0) {
        int error = record_enter(&program->place, program->before);
        if (error) return (struct spawn_fault){error, spawn_prepare};
    }
    // If this process has ended, a sweep may have read the record before this program stood in it.
    if (getppid() != program->starter) return (struct spawn_fault){ESRCH, spawn_prepare};
    if (chdir(program->directory) != 0) return (struct spawn_fault){errno, spawn_enter_directory};
    if (place(pipes->input[0], 0) < 0 || place(pipes->output[1], 1) < 0 || place(pipes->errors[1], 2) < 0) {
        return (struct spawn_fault){errno, spawn_prepare};
    }
    // Descriptors that this process opens are closed on exec anyway, but not those that it inherited. Linux 5.9.
    syscall(SYS_close_range, 3U, ~0U, 0U);
    sigset_t none;
    sigemptyset(&none);
    // Only after all signal handlers are reset: a handler of this process would otherwise run in its memory, in another
    // process.
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    execve(program->path, program->arguments, program->environment);
    return (struct spawn_fault){errno, spawn_execute};
}

/// Starts the child. A function of its own because vfork(2) returns twice and the child runs on this very stack.
///
/// posix_spawn(3) does the same more slowly: it maps a stack each time, and unmapping it interrupts all processors.
__attribute__((noinline)) static pid_t begin(const struct program *program, const struct pipes *pipes,
                                             volatile struct spawn_fault *fault) {
    pid_t child = vfork();
    if (child == 0) {
        struct spawn_fault found = become(program, pipes);
        fault->error = found.error;
        fault->step = found.step;
        _exit(127);
    }
    if (child < 0) fault->error = errno;
    return child;
}

/// Opens a pidfd, which the kernel closes on exec; where no descriptor is free, it tries again for a while.
static int open_process(pid_t process) {
    int descriptor = -1;
    for (int number = 0; number < 20; number++) {
        descriptor = (int)syscall(SYS_pidfd_open, process, 0U);
        if (descriptor >= 0 || (errno != EMFILE && errno != ENFILE && errno != ENOMEM)) break;
        usleep(10000);
    }
    return descriptor;
}

static void reap(pid_t process) {
    while (waitpid(process, NULL, 0) < 0 && errno == EINTR) continue;
}

struct spawn_fault spawn_child(const char *path, char *const arguments[], char *const environment[],
                               const char *directory, struct record_place place, struct spawned_child *child) {
    struct pipes pipes = {{-1, -1}, {-1, -1}, {-1, -1}};
    struct spawn_fault fault = {0, spawn_prepare};
    fault.error = make_pipe(pipes.input, 1);
    if (!fault.error) fault.error = make_pipe(pipes.output, 0);
    if (!fault.error) fault.error = make_pipe(pipes.errors, 0);
    if (fault.error) return give_up(&pipes, fault);

    struct program program = {path, arguments, environment, directory, place, getpid(), record_clock()};
    volatile struct spawn_fault begun = fault;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    child->process = begin(&program, &pipes, &begun);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (begun.error) {
        if (child->process > 0) reap(child->process);
        return give_up(&pipes, (struct spawn_fault){begun.error, begun.step});
    }

    // These are the child's ends. Closing them leaves room for the pidfd if no more descriptors are free.
    close(pipes.input[0]);
    close(pipes.output[1]);
    close(pipes.errors[1]);
    pipes.input[0] = pipes.output[1] = pipes.errors[1] = -1;
    child->end = open_process(child->process);
    if (child->end < 0) {
        fault = (struct spawn_fault){errno, spawn_follow};
        kill(-child->process, SIGKILL);
        reap(child->process);
        return give_up(&pipes, fault);
    }
    child->input = pipes.input[1];
    child->output = pipes.output[0];
    child->errors = pipes.errors[0];
    return fault;
}

static void *wait_for_gate(void *gate) {
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

int threads_available(int count) {
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads[64];
    int error = 0, begun = 0;
    pthread_mutex_lock(&gate);
    while (!error && begun < count && begun < 64) {
        error = pthread_create(&threads[begun], NULL, wait_for_gate, &gate);
        if (!error) begun++;
    }
    pthread_mutex_unlock(&gate);
    for (int number = 0; number < begun; number++) pthread_join(threads[number], NULL);
    return error;
}
