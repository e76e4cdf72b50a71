#!/bin/sh
# Installs the peers from PyPI into the virtual environment .build/benchmarks/peers, one by one: one that cannot be had does
# not stop the others. Prints that folder.
set -eu
cd "$(dirname "$0")"
mkdir -p ../../.build/benchmarks
out=$(cd ../../.build/benchmarks && pwd)/peers
if [ ! -x "$out/bin/python" ]; then
    echo "==> installing the peers from PyPI" >&2
    python3 -m venv "$out" >&2
    while read -r name; do
        case $name in '' | '#'*) continue ;; esac
        "$out/bin/python" -m pip install --quiet --upgrade "$name" >&2 || echo "==> $name cannot be had" >&2
    done <requirements.txt
fi
echo "$out"
