/* Preloaded into the built program: writes down each SQLite statement as it begins, and stops at BEGIN IMMEDIATE while a gate is closed.
   MODEL_TRACE names the file; the gate is closed while a file of that name with ".gate" is there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

typedef struct sqlite3_stmt sqlite3_stmt;
int sqlite3_stmt_busy(sqlite3_stmt *);
const char *sqlite3_sql(sqlite3_stmt *);

static void note(const char *sql) {
    const char *path = getenv("MODEL_TRACE");
    if (path == NULL || sql == NULL) return;
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) {
        struct iovec parts[2] = {{(void *)sql, strlen(sql)}, {"\036", 1}};
        if (writev(file, parts, 2) < 0) abort();
        close(file);
    }
    char gate[4096];
    if (strncmp(sql, "BEGIN IMMEDIATE", 15) != 0 || strlen(path) > sizeof gate - 6) return;
    strcat(strcpy(gate, path), ".gate");
    while (access(gate, F_OK) == 0) usleep(10000);
}

int sqlite3_step(sqlite3_stmt *statement) {
    static int (*step)(sqlite3_stmt *);
    if (step == NULL) step = (int (*)(sqlite3_stmt *))dlsym(RTLD_NEXT, "sqlite3_step");
    if (!sqlite3_stmt_busy(statement)) note(sqlite3_sql(statement));
    return step(statement);
}
