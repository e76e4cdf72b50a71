// Signals to this process, with the process that sent each.
#ifndef CSIGNALS_H
#define CSIGNALS_H

#include <stddef.h>
#include <sys/types.h>

/// A signal that came.
struct sent_signal {
    int number;
    /// The session of the process that sent it; 0: not known, as that process is gone or the kernel sent it.
    pid_t session;
};

/// Has these signals written into a pipe from now on, each as a `sent_signal`; to be called once.
///
/// - Returns: The end of the pipe to read from; -1 and errno on failure.
int signals_catch(const int *numbers, size_t count);

#endif
