#ifndef CPOSTGRESQL_H
#define CPOSTGRESQL_H

// CPostgreSQL.c defines libpq's own functions: the library is loaded when it is first needed.
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
/// Returns the problem as a text for people, or a null pointer on success. No function of libpq may be called before
/// it has succeeded.
const char *_Nullable taskrun_load_libpq(void);

#endif
