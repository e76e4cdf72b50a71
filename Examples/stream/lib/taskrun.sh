# shellcheck shell=sh disable=SC1003,SC2034,SC2059 # bytes are written by printf's format; variables are for the handler
# taskrun.sh: stream handlers in a POSIX shell; one file, to be copied next to them.
#
#     . "${0%/*}/lib/taskrun.sh"
#     perform() {
#         taskrun_text email "$1" || { error='no email in data'; return 65; }
#         printf 'to %s\n' "$text"          # goes to the log, as stderr does
#         taskrun_quote "sent to $text" && result=$quoted
#     }
#     taskrun_serve perform attempt deadline batch
#
# The function gets the data as JSON. Its status says how it went, as the exit status of an executable does: 0 done, 75
# try again later, 65, 77 or 78 no attempt can succeed, anything else failed and to be tried again. It may set the variables
# result (a JSON value), error (a text), note (a text) and retry_after (seconds). The number of the task is in $task. List
# the other keys that you need after the function's name: attempt, max_attempts, deadline, batch (as JSON; null: the task is
# in none). Each is then in a variable of that name. A shell reads byte by byte, so each key costs time.
#
#     taskrun_add '{"task_name":"INVOICE_SEND","data":{"invoice":12},"queue":"mail","delay":"1h","batch":'"$batch}"
#
# adds a task that follows this one. The keys are those of a line of "taskrun add -". When the function's status is 0, such
# tasks are added by the transaction that ends this task. Otherwise they are dropped.

# Performs tasks with a function until there are no more. Usage: taskrun_serve FUNCTION [KEY…]
taskrun_serve() {
    taskrun_function=$1
    shift
    taskrun_keys=''
    for taskrun_key; do taskrun_keys="$taskrun_keys${taskrun_keys:+,}\"$taskrun_key\""; done
    # stdout carries only the protocol: all other output goes to stderr.
    exec 3>&1 1>&2
    printf '{"hello":1,"keys":[%s]}\n' "$taskrun_keys" >&3
    # The keys always come in the same order, data last: {"task":17,"attempt":1,"data":{"text":"abc"}}
    while IFS= read -r taskrun_line; do
        taskrun_rest=${taskrun_line#*:}
        task=${taskrun_rest%%,*}
        for taskrun_key; do
            if [ "$taskrun_key" = batch ]; then
                taskrun_find_batch
                continue
            fi
            taskrun_rest=${taskrun_line#*"\"$taskrun_key\":"}
            eval "$taskrun_key=\${taskrun_rest%%,*}"
        done
        taskrun_rest=${taskrun_line#*'"data":'}
        result='' error='' note='' retry_after='' taskrun_added=''
        # What the function reads on stdin must not be the next task.
        "$taskrun_function" "${taskrun_rest%?}" </dev/null
        taskrun_answer $?
    done
}

# Adds a task if this attempt succeeds. Usage: taskrun_add JSON; an object in one line. Do not call it within ( ) or a pipe.
taskrun_add() {
    taskrun_added="$taskrun_added${taskrun_added:+,}$1"
}

# Reports the progress. Usage: taskrun_progress DONE [TOTAL [NOTE]]
taskrun_progress() {
    taskrun_quote "${3-}"
    printf '{"task":%s,"progress":[%s],"note":%s}\n' "$task" "$1${2:+,$2}" "$quoted" >&3
}

# Writes a line to the log. Usage: taskrun_log TEXT [LEVEL]; trace, debug, info, notice, warning, error or critical
taskrun_log() {
    taskrun_quote "$1"
    printf '{"log":%s,"level":"%s"}\n' "$quoted" "${2:-info}" >&3
}

# The batch, a text that may have commas, ends where the data begin; a task that is in none has no such key.
taskrun_find_batch() {
    taskrun_rest=${taskrun_line%%',"data":'*}
    batch=${taskrun_rest#*',"batch":'}
    [ "$batch" != "$taskrun_rest" ] || batch=null
}

taskrun_answer() {
    case $1 in
        0)
            taskrun_more=${taskrun_added:+,\"add\":[$taskrun_added]}
            printf '{"task":%s,"ok":true%s%s}\n' "$task" "${result:+,\"result\":$result}" "$taskrun_more" >&3
            return
            ;;
        75)
            taskrun_quote "${note:-$error}"
            printf '{"task":%s,"later":%s,"note":%s}\n' "$task" "${retry_after:-null}" "$quoted" >&3
            return
            ;;
        65 | 77 | 78) taskrun_more=',"permanent":true' ;;
        *) taskrun_more=${retry_after:+,\"retry_after\":$retry_after} ;;
    esac
    taskrun_quote "${error:-status $1}"
    printf '{"task":%s,"error":%s%s}\n' "$task" "$quoted" "$taskrun_more" >&3
}

# Puts a text into quotes, as JSON has them, in the variable quoted.
taskrun_quote() {
    case $1 in
        *[\\\"[:cntrl:]]*) ;;
        *) quoted="\"$1\""; return ;;
    esac
    quoted=$(
        # Bytes above 127 are left alone; od writes three octal digits for each byte.
        printf '%s' "$1" | LC_ALL=C od -An -v -to1 | while read -r taskrun_bytes; do
            for taskrun_byte in $taskrun_bytes; do
                case $taskrun_byte in
                    042) printf '\\"' ;;
                    134) printf '\\\\' ;;
                    0[0-3]? | 177) printf '\\u%04x' "0$taskrun_byte" ;;
                    *) printf "\\$taskrun_byte" ;;
                esac
            done
        done
    )
    quoted="\"$quoted\""
}

# Finds the text of a key of an object, in the variable text. Usage: taskrun_text KEY JSON; status 1: it has none
#
# Made for flat objects: the first "key": that occurs counts, wherever it is. For other objects use jq(1).
taskrun_text() {
    text=${2#*"\"$1\":"}
    [ "$text" != "$2" ] || return 1
    while :; do
        case $text in ' '*) text=${text#?} ;; *) break ;; esac
    done
    case $text in \"*) text=${text#?} ;; *) return 1 ;; esac
    taskrun_rest=$text
    text=${taskrun_rest%%\"*}
    case $text in *\\*) ;; *) return 0 ;; esac
    text=''
    while :; do
        taskrun_part=${taskrun_rest%%[\\\"]*}
        text=$text$taskrun_part
        taskrun_rest=${taskrun_rest#"$taskrun_part"}
        case $taskrun_rest in
            \"*) return 0 ;;
            \\u*) taskrun_character ;;
            \\n*) text="$text
"; taskrun_rest=${taskrun_rest#??} ;;
            \\t*) text="$text	"; taskrun_rest=${taskrun_rest#??} ;;
            \\[bfr]*) text="$text "; taskrun_rest=${taskrun_rest#??} ;;
            \\*) taskrun_rest=${taskrun_rest#?}; text=$text${taskrun_rest%"${taskrun_rest#?}"}; taskrun_rest=${taskrun_rest#?} ;;
            *) return 1 ;;
        esac
    done
}

# Takes \u00e9, or the two of a character beyond U+FFFF, off the front of taskrun_rest.
taskrun_character() {
    taskrun_part=${taskrun_rest#??}
    taskrun_rest=${taskrun_part#????}
    taskrun_code=$((0x${taskrun_part%"$taskrun_rest"}))
    case $taskrun_code-$taskrun_rest in
        5[5-7]???-\\u*)
            taskrun_part=${taskrun_rest#??}
            taskrun_low=$((0x${taskrun_part%"${taskrun_part#????}"}))
            if [ "$taskrun_code" -ge 55296 ] && [ "$taskrun_code" -le 56319 ] && [ "$taskrun_low" -ge 56320 ]; then
                taskrun_rest=${taskrun_part#????}
                taskrun_code=$((65536 + (taskrun_code - 55296) * 1024 + taskrun_low - 56320))
            fi
            ;;
    esac
    if [ "$taskrun_code" -lt 128 ]; then
        taskrun_byte=$(printf '\\%03o' "$taskrun_code")
    elif [ "$taskrun_code" -lt 2048 ]; then
        taskrun_byte=$(printf '\\%03o\\%03o' $((192 + taskrun_code / 64)) $((128 + taskrun_code % 64)))
    elif [ "$taskrun_code" -lt 65536 ]; then
        taskrun_byte=$(printf '\\%03o\\%03o\\%03o' $((224 + taskrun_code / 4096)) $((128 + taskrun_code / 64 % 64)) \
            $((128 + taskrun_code % 64)))
    else
        taskrun_byte=$(printf '\\%03o\\%03o\\%03o\\%03o' $((240 + taskrun_code / 262144)) \
            $((128 + taskrun_code / 4096 % 64)) $((128 + taskrun_code / 64 % 64)) $((128 + taskrun_code % 64)))
    fi
    # The dot keeps a line feed from being cut off.
    taskrun_byte=$(printf "$taskrun_byte.")
    text=$text${taskrun_byte%.}
}
