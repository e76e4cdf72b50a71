#!/bin/sh
# What the compiler does not check: format, doc comments, which target may know what.
set -eu
cd "$(dirname "$0")/.."
failed=0

say() { echo "lint: $1" >&2; failed=1; }

swift format lint --strict -p -r Package.swift Sources Tests Migrations Examples/OwnHandlers/Package.swift Examples/OwnHandlers/Sources || failed=1
shellcheck Scripts/*.sh Examples/Demo/*.sh Benchmarks/*/*.sh .ci/run handlers/IMAGE_RESIZE Examples/stream/*.sh Examples/stream/lib/*.sh || failed=1
python3 -c 'import ast, sys
for path in sys.argv[1:]: ast.parse(open(path, encoding="utf-8").read(), path)' Benchmarks/*.py Benchmarks/*/*.py Tests/Model/*.py || failed=1

only() { # only MODULE FOLDER: no other folder imports it
    found=$(grep -rlE "^(public |@testable )?import $1\$" Sources Migrations | grep -v "^Sources/$2/" || true)
    [ -z "$found" ] || say "only Sources/$2 may import $1: $found"
}
only GRDB SQLiteStore
only GRDBSQLite SQLiteStore
only CPostgreSQL PostgreSQLStore
only Subprocess Tests
only CSpawn Handlers
only ArgumentParser TaskRunCLI
only Configuration TaskRunCLI

sql=$(grep -rnE '\b(SELECT|INSERT INTO|DELETE FROM|UPDATE) [a-z*]+' Sources/TaskRun Sources/TaskRunCLI Sources/Handlers | grep -vE '^\S+:\s*//' || true)
[ -z "$sql" ] || say "SQL belongs into the stores:
$sql"

# SQLite's store: statements stand in SQL/, what cannot be a file in Pragma.swift and BuiltSQL.swift, and columns are read by name.
inline=$(grep -rnE --include='*.swift' \
    -e '(^\s*|")(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|DROP|PRAGMA|BEGIN|COMMIT) ?(["a-z*(\\]|INTO|FROM|OR|DISTINCT|EXISTS|TABLE|TEMPORARY)' \
    -e 'sql: *"|\bsql\.replacing\(|Statements\.\w+(\.sql)?\.replacing\(' \
    -e '(row|[$][01])\[[0-9]|(\brow|[$][01])\.(integer|double|flag|bytes|text|textIfAny|number|natural|count|limit|moment)\([0-9]' \
    -e '\.fetch(One|All|Set)\(' \
    Sources/SQLiteStore | grep -vE '^Sources/SQLiteStore/Statements/(Pragma|BuiltSQL)\.swift:|^\S+:\s*//|UPDATE sqlite_sequence SET|"(BEGIN|COMMIT)", ' || true)
[ -z "$inline" ] || say "SQL in Swift, or columns read by number:
$inline"

# The PostgreSQL store: statements stand in files, nothing is replaced in them, and columns and answers have names.
postgresql=$(grep -rnE '("[^"]*|^ *)\b(SELECT [a-z*(]|INSERT INTO|DELETE FROM|UPDATE (ONLY )?[a-z]|SAVEPOINT)|"SET [a-zA-Z]|[sS][qQ][lL]\)?\.replacing\(|\.(integer|text|bool|bytes|status|date)(IfAny)?\([0-9]|(answers|\))\[[0-9]' \
    Sources/PostgreSQLStore --include='*.swift' | grep -vE '^\S+:\s*//|/BuiltSQL\.swift:|SELECT (pg_drop_replication_slot|pg_terminate_backend|setval)\(' || true)
[ -z "$postgresql" ] || say "SQL in Swift, or columns or answers by number:
$postgresql"

unsafe=$(grep -rnE '@unchecked Sendable|nonisolated\(unsafe\)|\btry!|\bas!' Sources Migrations || true)
[ -z "$unsafe" ] || say "unsafe marks:
$unsafe"

[ "$failed" -eq 0 ] && echo "lint: clean"
exit "$failed"
