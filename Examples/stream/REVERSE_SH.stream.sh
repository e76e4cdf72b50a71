#!/bin/sh
# REVERSE_SH: the text of {"text": "…"} backwards; a stream handler in a POSIX shell to start from.
# shellcheck source=Examples/stream/lib/taskrun.sh disable=SC2034 # error and result are for the library
. "${0%/*}/lib/taskrun.sh"

reverse() {
    taskrun_text text "$1" || { error='"text" must be a text'; return 65; }
    backwards=''
    case $text in
        # A program for characters of more than one byte; none, and so some fifty times faster, for plain ones.
        *[![:print:][:cntrl:]]*) backwards=$(printf '%s\n' "$text" | LC_ALL=C.UTF-8 rev | tac) ;;
        *)
            while [ -n "$text" ]; do
                rest=${text#?}
                backwards=${text%"$rest"}$backwards
                text=$rest
            done
            ;;
    esac
    taskrun_quote "$backwards"
    result=$quoted
}

taskrun_serve reverse
