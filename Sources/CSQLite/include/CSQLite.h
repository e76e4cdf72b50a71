// What SQLite offers in a form that Swift cannot call: a function of variable arguments.
#ifndef CSQLITE_H
#define CSQLITE_H

/// Switches off SQLite's count of the memory it uses, for the whole process.
///
/// It costs a lock for each piece of memory, and nobody asks for it. Only before the first connection; later nothing happens.
void sqlite_without_memory_count(void);

struct sqlite3;

/// Lets a connection change the tables' definitions by `PRAGMA writable_schema`, also where the library was built not to.
///
/// Returns an SQLite result code.
int sqlite_allow_schema_edits(struct sqlite3 *connection);

/// Gives a connection two functions for statements that take no more rows than fit into a number of bytes.
///
/// `taskrun_budget(n)` sets the number and returns it; `taskrun_budget(NULL)` returns what is left. `taskrun_fits(value)` takes the
/// value's bytes from it and is 1, also for the one that goes beyond; the next one is an error, which ends the statement. A value's
/// size is known where the statement reads the row in any case, so that asking costs next to nothing.
///
/// Returns an SQLite result code.
int sqlite_add_budget(struct sqlite3 *connection);

#endif
