#!/bin/sh
# Installs what a target needs and the machine lacks, from the distribution's packages; says what it does.
# Usage: needs.sh build|demo|test|lint|bench …
set -eu

missing=""
package() { # package NAME: a distribution's package
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $1"
}
peer() { # peer NAME: a package that can be done without; where the distribution has none, that is said
    if dpkg-query -s "$1" >/dev/null 2>&1 || apt-cache show "$1" >/dev/null 2>&1; then
        package "$1"
    else
        echo "needs.sh: there is no package $1 here" >&2
    fi
}

for target in "$@"; do
    case $target in
        build) package libsqlite3-dev; package libpq-dev; package pkg-config ;;
        demo) package sqlite3; package libvips-tools ;;
        test)
            package sqlite3; package postgresql; package pgbouncer; package libvips-tools; package procps; package util-linux
            package curl; package php-cli; package php-sqlite3; package php-pgsql; package python3; package openssl; package passwd
            # For the snippets of docs/coming-from.md.
            package python3-psycopg; package ruby-sequel; package ruby-sqlite3; package ruby-pg
            ;;
        lint) package shellcheck ;;
        bench)
            package postgresql; package python3; package python3-venv; package util-linux
            package php-cli; package php-sqlite3; package php-pgsql
            peer php-gearman; peer beanstalkd; peer gearman-job-server
            ;;
        *) echo "needs.sh: unknown target \"$target\": build, demo, test, lint or bench" >&2; exit 64 ;;
    esac
done

if ! command -v swift >/dev/null 2>&1; then
    echo "swift is missing: install Swift 6.2 or later from https://www.swift.org/install/ and put it on PATH." >&2
    exit 69
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "missing:$missing. Install them with this system's package manager (the names are Debian's)." >&2
    exit 69
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "missing:$missing. Install them as root." >&2; exit 69; }
    as_root="sudo"
fi
echo "==> installing with apt-get${as_root:+ (as root, by sudo)}:$missing" >&2
$as_root apt-get update -qq >&2
# shellcheck disable=SC2086 # the list is split on purpose
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
