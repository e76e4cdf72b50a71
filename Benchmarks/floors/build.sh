#!/bin/sh
# Compiles the programs in this folder into .build/benchmarks/floors; prints that folder.
set -eu
cd "$(dirname "$0")"
mkdir -p ../../.build/benchmarks/floors
out=$(cd ../../.build/benchmarks/floors && pwd)

compile() { # compile PROGRAM FILE [FLAG…]
    program=$1
    file=$2
    shift 2
    cc -std=gnu11 -O2 -Wall -Wextra -Werror -o "$out/$program" "$file" "$@"
}
# shellcheck disable=SC2046 # flags are split on purpose
compile floor-postgresql postgresql.c $(pkg-config --cflags --libs libpq)
# shellcheck disable=SC2046
compile floor-sqlite sqlite.c $(pkg-config --cflags --libs sqlite3)
if [ -e spawn.c ]; then compile floor-spawn spawn.c -pthread; fi
compile measured measured.c
compile stamp stamp.c
compile mark mark.c
echo "$out"
