#include <errno.h>
#include <fcntl.h>

/// Opens /dev/null for each standard stream that is closed.
///
/// Otherwise the next file or socket gets the number of stdout, and the answer is written to it. A read from the
/// file opened for stdin fails, and so does a write to the files opened for stdout and stderr.
__attribute__((constructor)) static void fill_gaps(void) {
    for (int number = 0; number < 3; number++) {
        // open(2) uses the lowest free number, which is this one.
        int mode = number == 0 ? O_WRONLY : O_RDONLY;
        if (fcntl(number, F_GETFD) < 0 && errno == EBADF && open("/dev/null", mode) < 0) return;
    }
}
