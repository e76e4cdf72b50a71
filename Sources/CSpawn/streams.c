#include <errno.h>
#include <fcntl.h>

/// Fills the places of standard streams that are closed.
///
/// Else the next file or socket that is opened has the number of stdout, and gets the answer. Who writes to the file that is put there
/// is told that it cannot be written, who reads stdin that it cannot be read.
__attribute__((constructor)) static void fill_gaps(void) {
    for (int number = 0; number < 3; number++) {
        // The lowest number that is free is taken: this one.
        if (fcntl(number, F_GETFD) < 0 && errno == EBADF && open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY) < 0) return;
    }
}
