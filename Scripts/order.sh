#!/bin/sh
# Writes Scripts/order.txt: the functions that a run calls, first those of one with nothing to do. The linker lays them side by side, so
# that such a run reads a fifth less of the program into memory. What is not listed, or is there no more, is laid as it comes.
#
#   Scripts/order.sh PROGRAM ADDRESS…    a release build with its symbols; addresses of databases with tables and nothing due
set -eu
program=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# What valgrind cannot read is only for debuggers.
objcopy --strip-debug "$program" "$folder/taskrun"
for command in once "bench -n 300 --latency 0"; do
    for address; do
        # The command is words.
        # shellcheck disable=SC2086
        valgrind --tool=callgrind --demangle=no --trace-children=yes --callgrind-out-file="$folder/calls.%p" \
            "$folder/taskrun" --database "$address" $command > "$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
        cat "$folder"/calls.* >> "$folder/all"
        rm "$folder"/calls.*
    done
done
nm --defined-only "$folder/taskrun" | awk '{ print $NF }' > "$folder/defined"
# In the order in which they are called first.
sed -nE "s/^c?fn=\([0-9]+\) ([^']+).*/\1/p" "$folder/all" |
    awk 'NR == FNR { defined[$1]; next } $1 in defined && !seen[$1]++' "$folder/defined" - > "$(dirname "$0")/order.txt"
