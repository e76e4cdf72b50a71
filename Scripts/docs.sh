#!/bin/sh
# Builds the API's pages into .build/docs; a warning is an error.
set -eu
cd "$(dirname "$0")/.."
graphs=.build/symbol-graphs
rm -rf "$graphs" .build/docs
swift build --target TaskRun
mkdir -p "$graphs"
built=$(swift build --show-bin-path)
swift symbolgraph-extract -module-name TaskRun -I "$built/Modules" -minimum-access-level public \
    -Xcc "-fmodule-map-file=$built/CPlatform.build/module.modulemap" \
    -target "$(swiftc -print-target-info | sed -n 's/.*"triple": "\(.*\)",/\1/p' | head -n 1)" -output-dir "$graphs"
docc=$(command -v docc || echo "$(dirname "$(command -v swift)")/docc")
"$docc" convert Sources/TaskRun/TaskRun.docc --additional-symbol-graph-dir "$graphs" --fallback-display-name TaskRun \
    --fallback-bundle-identifier taskrun.TaskRun --warnings-as-errors --output-path .build/docs
echo "docs: .build/docs"
