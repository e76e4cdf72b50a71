#include "CPlatform.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int wake_up_make(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void wake_up_wake(int descriptor) {
    uint64_t one = 1;
    // The write fails only after 2^64 - 1 calls, and then the descriptor is readable already.
    if (write(descriptor, &one, sizeof one) < 0) return;
}

void wake_up_reset(int descriptor) {
    uint64_t count;
    // Nothing to read is no error: the descriptor was not woken.
    if (read(descriptor, &count, sizeof count) < 0) return;
}
