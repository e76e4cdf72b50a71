#include "CSQLite.h"

#include <sqlite3.h>

void sqlite_without_memory_count(void) {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
