#include "CSQLite.h"

#include <sqlite3.h>

static void budget(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count;
    sqlite3_int64 *left = sqlite3_user_data(context);
    if (sqlite3_value_type(values[0]) != SQLITE_NULL) *left = sqlite3_value_int64(values[0]);
    sqlite3_result_int64(context, *left);
}

static void fits(sqlite3_context *context, int count, sqlite3_value **values) {
    (void)count;
    sqlite3_int64 *left = sqlite3_user_data(context);
    if (*left <= 0) {
        sqlite3_result_error(context, "more than fits", -1);
        return;
    }
    *left -= sqlite3_value_bytes(values[0]);
    sqlite3_result_int(context, 1);
}

int sqlite_add_budget(struct sqlite3 *connection) {
    sqlite3_int64 *left = sqlite3_malloc(sizeof *left);
    if (left == 0) return SQLITE_NOMEM;
    *left = 0;
    // The first function owns the number, which is freed when the connection is closed.
    int code = sqlite3_create_function_v2(
        connection, "taskrun_budget", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, left, budget, 0, 0, sqlite3_free
    );
    if (code != SQLITE_OK) return code;
    return sqlite3_create_function_v2(
        connection, "taskrun_fits", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, left, fits, 0, 0, 0
    );
}
