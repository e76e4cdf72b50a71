#ifndef CPOSTGRESQL_H
#define CPOSTGRESQL_H

// libpq's own names are defined in CPostgreSQL.c: the library is loaded when it is first needed.
#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#elif __has_include(<postgresql/libpq-fe.h>)
#include <postgresql/libpq-fe.h>
#elif __has_include("/opt/homebrew/opt/libpq/include/libpq-fe.h")
#include "/opt/homebrew/opt/libpq/include/libpq-fe.h"
#else
#error "libpq-fe.h is missing: apt-get install libpq-dev"
#endif

/// Loads libpq; may be called again, and from any thread.
///
/// Returns what is wrong, for people; a null pointer if nothing is. Before it has, no function of libpq may be called.
const char *_Nullable taskrun_load_libpq(void);

#endif
