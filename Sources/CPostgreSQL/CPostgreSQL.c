// Loads libpq when it is first needed. libpq pulls in two dozen libraries (TLS, Kerberos, LDAP), which cost a run on
// SQLite 5 ms of CPU and 4 MiB at each start. A host that does not use PostgreSQL need not install libpq.
#include "CPostgreSQL.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

// Result, name, parameters, arguments.
#define FUNCTIONS(X) \
    X(PGconn *, PQconnectdbParams, (const char *const *k, const char *const *v, int e), (k, v, e)) \
    X(PGconn *, PQconnectStartParams, (const char *const *k, const char *const *v, int e), (k, v, e)) \
    X(PostgresPollingStatusType, PQconnectPoll, (PGconn *c), (c)) \
    X(void, PQfinish, (PGconn *c), (c)) \
    X(PQconninfoOption *, PQconninfoParse, (const char *t, char **e), (t, e)) \
    X(PQconninfoOption *, PQconndefaults, (void), ()) \
    X(PQconninfoOption *, PQconninfo, (PGconn *c), (c)) \
    X(void, PQconninfoFree, (PQconninfoOption *o), (o)) \
    X(int, PQconnectionNeedsPassword, (const PGconn *c), (c)) \
    X(ConnStatusType, PQstatus, (const PGconn *c), (c)) \
    X(PGTransactionStatusType, PQtransactionStatus, (const PGconn *c), (c)) \
    X(char *, PQerrorMessage, (const PGconn *c), (c)) \
    X(int, PQsocket, (const PGconn *c), (c)) \
    X(char *, PQhost, (const PGconn *c), (c)) \
    X(char *, PQhostaddr, (const PGconn *c), (c)) \
    X(int, PQsslInUse, (PGconn *c), (c)) \
    X(const char *, PQsslAttribute, (PGconn *c, const char *n), (c, n)) \
    X(int, PQgssEncInUse, (PGconn *c), (c)) \
    X(int, PQserverVersion, (const PGconn *c), (c)) \
    X(int, PQbackendPID, (const PGconn *c), (c)) \
    X(const char *, PQparameterStatus, (const PGconn *c, const char *n), (c, n)) \
    X(PGVerbosity, PQsetErrorVerbosity, (PGconn *c, PGVerbosity v), (c, v)) \
    X(PQnoticeReceiver, PQsetNoticeReceiver, (PGconn *c, PQnoticeReceiver r, void *a), (c, r, a)) \
    X(int, PQsetnonblocking, (PGconn *c, int a), (c, a)) \
    X(int, PQconsumeInput, (PGconn *c), (c)) \
    X(int, PQflush, (PGconn *c), (c)) \
    X(int, PQisBusy, (PGconn *c), (c)) \
    X(int, PQenterPipelineMode, (PGconn *c), (c)) \
    X(int, PQexitPipelineMode, (PGconn *c), (c)) \
    X(int, PQpipelineSync, (PGconn *c), (c)) \
    X(int, PQsendQuery, (PGconn *c, const char *q), (c, q)) \
    X(int, PQsendPrepare, (PGconn *c, const char *s, const char *q, int n, const Oid *t), (c, s, q, n, t)) \
    X(int, PQsendQueryParams, (PGconn *c, const char *q, int n, const Oid *t, const char *const *v, const int *l, \
        const int *f, int r), (c, q, n, t, v, l, f, r)) \
    X(int, PQsendQueryPrepared, (PGconn *c, const char *s, int n, const char *const *v, const int *l, const int *f, \
        int r), (c, s, n, v, l, f, r)) \
    X(PGresult *, PQgetResult, (PGconn *c), (c)) \
    X(PGnotify *, PQnotifies, (PGconn *c), (c)) \
    X(int, PQputCopyData, (PGconn *c, const char *b, int n), (c, b, n)) \
    X(int, PQputCopyEnd, (PGconn *c, const char *e), (c, e)) \
    X(PGcancel *, PQgetCancel, (PGconn *c), (c)) \
    X(int, PQcancel, (PGcancel *c, char *e, int n), (c, e, n)) \
    X(void, PQfreeCancel, (PGcancel *c), (c)) \
    X(void, PQclear, (PGresult *r), (r)) \
    X(void, PQfreemem, (void *p), (p)) \
    X(ExecStatusType, PQresultStatus, (const PGresult *r), (r)) \
    X(char *, PQresultErrorMessage, (const PGresult *r), (r)) \
    X(char *, PQresultErrorField, (const PGresult *r, int f), (r, f)) \
    X(char *, PQcmdTuples, (PGresult *r), (r)) \
    X(int, PQntuples, (const PGresult *r), (r)) \
    X(int, PQfnumber, (const PGresult *r, const char *n), (r, n)) \
    X(int, PQfformat, (const PGresult *r, int c), (r, c)) \
    X(char *, PQgetvalue, (const PGresult *r, int t, int f), (r, t, f)) \
    X(int, PQgetlength, (const PGresult *r, int t, int f), (r, t, f)) \
    X(int, PQgetisnull, (const PGresult *r, int t, int f), (r, t, f))

#define DECLARE(result, name, parameters, arguments) static result(*found_##name) parameters;
FUNCTIONS(DECLARE)

#define FORWARD(result, name, parameters, arguments) \
    result name parameters { return found_##name arguments; }
FUNCTIONS(FORWARD)

static const char *problem;

static void load(void) {
    static const char *const names[] = {
        "libpq.so.5", "libpq.5.dylib",
        "/opt/homebrew/opt/libpq/lib/libpq.5.dylib", "/usr/local/opt/libpq/lib/libpq.5.dylib",
    };
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++) {
        library = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
    }
    if (!library) {
        problem = "libpq.so.5 cannot be loaded";
        return;
    }
#define FIND(result, name, parameters, arguments) \
    *(void **)&found_##name = dlsym(library, #name); \
    if (!found_##name) problem = "libpq is too old: it has no " #name;
    FUNCTIONS(FIND)
}

const char *taskrun_load_libpq(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return problem;
}
