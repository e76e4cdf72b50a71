#!/bin/sh
# Compiles the floors. Usage: Benchmarks/floors/build.sh [FOLDER], by default .build/benchmarks/floors; prints the folder.
set -eu
cd "$(dirname "$0")"
out=${1:-../../.build/benchmarks/floors}
mkdir -p "$out"
out=$(cd "$out" && pwd)

compile() { # compile NAME PACKAGE: floor-NAME from NAME.c, with the package's flags
    # shellcheck disable=SC2046 # flags are split on purpose
    cc -std=gnu11 -O2 -Wall -Wextra -Werror $(pkg-config --cflags "$2") -o "$out/floor-$1" "$1.c" $(pkg-config --libs "$2")
}
compile postgresql libpq
compile sqlite sqlite3
echo "$out"
