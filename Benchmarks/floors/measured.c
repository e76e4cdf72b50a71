/*
 * Runs a program and tells what it cost.
 *
 *   measured FILE PROGRAM [ARGUMENT…]
 *
 * Writes one line of JSON to FILE: wall clock, user and system seconds of the program and all it waited for, the
 * largest of their peak memories, exit status. A script cannot measure a small program itself: what a process holds when
 * it calls exec counts for the peak memory of the program.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

int main(int count, char **words) {
    if (count < 3) die("usage: measured FILE PROGRAM [ARGUMENT...]");
    int file = open(words[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) die("cannot write %s", words[1]);
    double start = seconds_now();
    pid_t child = fork();
    if (child < 0) die("no fork");
    if (child == 0) {
        execvp(words[2], words + 2);
        die("cannot run %s", words[2]);
    }
    int status;
    struct rusage u;
    if (wait4(child, &status, 0, &u) != child) die("lost the program");
    double took = seconds_now() - start;
    dprintf(file,
            "{\"seconds\": %.6f, \"user\": %.6f, \"system\": %.6f, \"peak_memory_mib\": %.2f, \"status\": %d}\n", took,
            (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6,
            (double)u.ru_stime.tv_sec + (double)u.ru_stime.tv_usec / 1e6, (double)u.ru_maxrss / 1024.0,
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
