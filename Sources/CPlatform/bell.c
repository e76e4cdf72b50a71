#include "CPlatform.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int bell_make(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void bell_ring(int descriptor) {
    uint64_t one = 1;
    // Full only after 2^64 - 1 calls, and then it is readable already.
    if (write(descriptor, &one, sizeof one) < 0) return;
}

void bell_reset(int descriptor) {
    uint64_t count;
    // Nothing to read is no error: it was not rung.
    if (read(descriptor, &count, sizeof count) < 0) return;
}
