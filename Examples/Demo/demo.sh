#!/bin/sh
# The demo: a new SQLite database, six tasks inserted by plain SQL, one run, and what it did.
# Usage: demo.sh TASKRUN [FOLDER]
# FOLDER is made anew. Its default is ./demo, or a link of this name to a folder in /tmp if others may change this folder.
set -eu

taskrun=$1
here=$(cd "$(dirname "$0")" && pwd)
folder=${2:-demo}

say() {
    if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}

# taskrun runs no handler that others may change: docs/permissions.md. So the demo uses another folder for root in another
# user's clone.
is_ours() {
    place=$(pwd -P)
    while :; do
        # A sticky folder, as /tmp is, may be passed through.
        case $(stat -c '%u %a' "$place") in
            "0 1"[0-7][0-7][0-7] | "$(id -u) 1"[0-7][0-7][0-7]) ;;
            "0 "*[0145][0145] | "$(id -u) "*[0145][0145]) ;;
            *) return 1 ;;
        esac
        [ "$place" != / ] || return 0
        place=$(dirname "$place")
    done
}

case $taskrun in /*) ;; *) taskrun=$(cd "$(dirname "$taskrun")" && pwd)/$(basename "$taskrun") ;; esac
rm -rf "$folder"
if [ $# -lt 2 ] && ! is_ours; then
    ln -s "$(mktemp -d)" "$folder"
    echo "Others may change this folder, so $folder is a link to $(readlink "$folder")." >&2
fi
mkdir -p "$folder/handlers" "$folder/pictures"
cp "$here/../../handlers/ACCOUNT_DELETE.sql" "$here/../../handlers/IMAGE_RESIZE" "$folder/handlers/"
cp "$here/taskrun.yaml" "$folder/"
cp "$here/322.jpg" "$folder/pictures/"
cd "$folder"

say "1. The tables (taskrun migrate), and two tables of an application"
"$taskrun" migrate
sqlite3 tasks.db < "$here/application.sql"
sqlite3 tasks.db "SELECT 'account ' || id || ': ' || name FROM accounts"

say "2. Six tasks, inserted by plain SQL from outside"
sqlite3 tasks.db < "$here/tasks.sql"
sqlite3 -header -column tasks.db "SELECT id, task_name, created_at, data, status FROM tasks"
echo "(Tasks 1 and 2 were left behind by an older worker that crashed: PROCESSING, and no run holds them.)"

say "3. taskrun once"
"$taskrun" once

say "4. What came of it"
for mail in outbox/*.eml; do
    echo "$mail: $(sed -n 's/^To: //p' "$mail" | tr -d '\r'), $(sed -n 's/^Subject: //p' "$mail" | tr -d '\r')"
done
for picture in pictures/resized/* pictures/thumbs/*; do
    echo "$picture: $(vipsheader "$picture" | sed 's/^[^:]*: //; s/,.*//')"
done
echo "accounts left: $(sqlite3 tasks.db "SELECT group_concat(id || ' (' || name || ')', ', ') FROM accounts")"
echo "tasks left:    $(sqlite3 tasks.db "SELECT count(*) FROM tasks")"
echo
echo "All of it is in the folder $folder. Insert more tasks there and run again:"
echo "  cd $folder && sqlite3 tasks.db \"INSERT INTO tasks (task_name, data) VALUES ('CONTACT_EMAIL', '{\\\"email\\\":\\\"you@example.com\\\"}')\" && $taskrun once"
