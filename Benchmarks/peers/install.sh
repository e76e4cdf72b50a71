#!/bin/sh
# Installs the peers from PyPI into a virtual environment, one by one: one that cannot be had does not stop the others.
# Usage: Benchmarks/peers/install.sh [FOLDER], by default .build/benchmarks/peers; prints the folder.
set -eu
cd "$(dirname "$0")"
out=${1:-../../.build/benchmarks/peers}
if [ ! -x "$out/bin/python" ]; then
    echo "==> installing the peers from PyPI" >&2
    python3 -m venv "$out" >&2
    while read -r name; do
        case $name in '' | '#'*) continue ;; esac
        "$out/bin/python" -m pip install --quiet --upgrade "$name" >&2 || echo "==> $name cannot be had" >&2
    done <requirements.txt
fi
(cd "$out" && pwd)
