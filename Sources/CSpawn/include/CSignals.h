// Signals to this process, with the process that sent each one.
#ifndef CSIGNALS_H
#define CSIGNALS_H

#include <stddef.h>
#include <sys/types.h>

/// A signal that arrived.
struct sent_signal {
    int number;
    /// The session of the process that sent the signal. 0 if unknown: that process has ended, or the kernel sent the
    /// signal.
    pid_t session;
};

/// From now on, writes each of these signals into a pipe, as a `sent_signal`. Call it once.
///
/// - Returns: The end of the pipe to read from; -1 and errno on failure.
int signals_catch(const int *numbers, size_t count);

#endif
