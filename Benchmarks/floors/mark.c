/*
 * A stream handler that leaves a mark for each task and does nothing else: see docs/stream-protocol.md.
 *
 * Appends the task's number as a line to the file marks/PID in the folder it begins in, where PID is the run that started it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int put(int file, const char *text, int length) { return write(file, text, (size_t)length) == length; }

int main(void) {
    char line[4096];
    snprintf(line, sizeof line, "marks/%d", (int)getppid());
    int file = open(line, O_WRONLY | O_CREAT | O_APPEND, 0644);
    const char *hello = "{\"hello\":1,\"keys\":[]}\n";
    if (file < 0 || !put(STDOUT_FILENO, hello, (int)strlen(hello))) return 1;
    while (fgets(line, sizeof line, stdin) != NULL) {
        char text[64];
        long long task;
        if (sscanf(line, "{\"task\":%lld", &task) != 1) return 1;
        if (!put(file, text, snprintf(text, sizeof text, "%lld\n", task))) return 1;
        if (!put(STDOUT_FILENO, text, snprintf(text, sizeof text, "{\"task\":%lld,\"ok\":true}\n", task))) return 1;
    }
    return 0;
}
