#!/bin/sh
# Writes Scripts/order.txt: the functions that a run with nothing to do calls. The linker lays them side by side, so that such a run
# reads a fifth less of the program into memory. What is not listed, or is there no more, is laid as it comes.
#
#   Scripts/order.sh PROGRAM ADDRESS…    a release build with its symbols; addresses of databases with tables and nothing due
set -eu
program=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# What valgrind cannot read is only for debuggers.
objcopy --strip-debug "$program" "$folder/taskrun"
for address; do
    valgrind --tool=callgrind --demangle=no --callgrind-out-file="$folder/calls.$#" "$folder/taskrun" --database "$address" once
    cat "$folder/calls.$#" >> "$folder/calls"
done 2> "$folder/log" || { cat "$folder/log" >&2; exit 1; }
nm --defined-only "$folder/taskrun" | awk '{ print $NF }' > "$folder/defined"
# In the order in which they are called first.
sed -nE "s/^c?fn=\([0-9]+\) ([^']+).*/\1/p" "$folder/calls" |
    awk 'NR == FNR { defined[$1]; next } $1 in defined && !seen[$1]++' "$folder/defined" - > "$(dirname "$0")/order.txt"
