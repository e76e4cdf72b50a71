// What SQLite offers in a form that Swift cannot call: a function of variable arguments.
#ifndef CSQLITE_H
#define CSQLITE_H

/// Switches off SQLite's count of the memory it uses, for the whole process.
///
/// It costs a lock for each piece of memory, and nobody asks for it. Only before the first connection; later nothing happens.
void sqlite_without_memory_count(void);

#endif
