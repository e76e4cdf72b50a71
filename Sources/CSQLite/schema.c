#include "CSQLite.h"

#include <sqlite3.h>

int sqlite_allow_schema_edits(sqlite3 *connection) {
    return sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 0, (int *)0);
}
