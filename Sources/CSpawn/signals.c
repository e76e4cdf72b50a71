#define _GNU_SOURCE
#include "CSignals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int pipe_end = -1;

// Only system calls: a signal may interrupt anything. The sender's session is read at once, while the sender exists.
static void pass_on(int number, siginfo_t *information, void *context) {
    (void)context;
    int before = errno;
    struct sent_signal sent = {number, 0};
    // Sent by a process, and not by the kernel.
    if (information->si_code <= 0 && information->si_pid > 0) {
        pid_t session = getsid(information->si_pid);
        if (session > 0) sent.session = session;
    }
    // A full pipe holds thousands of signals already.
    if (write(pipe_end, &sent, sizeof sent) < 0) {}
    errno = before;
}

int signals_catch(const int *numbers, size_t count) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    // The signal handler never waits.
    if (fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0) return -1;
    pipe_end = ends[1];
    struct sigaction action = {0};
    action.sa_sigaction = pass_on;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action.sa_mask);
    for (size_t index = 0; index < count; index++) {
        if (sigaction(numbers[index], &action, NULL) != 0) return -1;
    }
    return ends[0];
}
