// SQLite functions that Swift cannot call, because they take variable arguments.
#ifndef CSQLITE_H
#define CSQLITE_H

/// Switches off SQLite's count of the memory it uses, for the whole process.
///
/// The count takes a lock for each allocation, and taskrun never reads it. It has an effect only before the first
/// connection is opened.
void sqlite_without_memory_count(void);

struct sqlite3;

/// Lets a connection change table definitions by `PRAGMA writable_schema`, even where the library forbids it by
/// default.
///
/// Returns an SQLite result code.
int sqlite_allow_schema_edits(struct sqlite3 *connection);

/// Gives a connection two functions for statements that return only as many rows as fit into a number of bytes.
///
/// `taskrun_budget(n)` sets the number and returns it; `taskrun_budget(NULL)` returns what is left.
/// `taskrun_fits(value)` subtracts the value's bytes and returns 1, also for the value that exceeds the number. The
/// next call is an error, which ends the statement. The statement reads the row in any case, so measuring a value costs
/// almost nothing.
///
/// Returns an SQLite result code.
int sqlite_add_budget(struct sqlite3 *connection);

/// Interrupts the statements of a connection once they took so many milliseconds of this thread's processor time, or
/// five times as long in all, as on a busy machine: they end with SQLITE_INTERRUPT.
///
/// `ends` is where the moments are kept; it must live until `sqlite_unlimit_time`.
void sqlite_limit_time(struct sqlite3 *connection, long long ends[2], long long milliseconds);

/// Ends `sqlite_limit_time`.
void sqlite_unlimit_time(struct sqlite3 *connection);

#endif
