// The programs of a process, written down where others find them once the process is gone.
#ifndef CRECORD_H
#define CRECORD_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

/// The length of one line of a record: the program's number, and between which moments it began, in nanoseconds since
/// the machine began (CLOCK_BOOTTIME). `0000001234 00000000000987654321 00000000000987700000`
#define RECORD_LINE 53

/// Where a program is written down before it begins.
struct record_place {
    /// The record; -1: nowhere.
    int file;
    /// Where its line begins.
    off_t offset;
    /// Whether the program is killed when the thread that started it ends, prctl(2): for want of a watcher.
    int dies_with_starter;
};

/// Writes a line for the calling process, which a moment ago was made by vfork(2); returns an error number or 0.
///
/// It only makes system calls.
int record_enter(const struct record_place *place, long long before);

/// Nanoseconds since the machine began.
long long record_clock(void);

/// Makes a line empty.
void record_leave(int file, off_t offset);

/// What became of the processes that a record names.
struct record_sweep {
    /// How many were at work.
    int found;
    /// How many of them cannot be ended from here: they are another user's.
    int foreign;
    /// Whether it can be said at all: the record is whole, and /proc shows the processes of this namespace.
    int is_seen;
};

/// Kills what is at work of the programs in a record, of their process groups and sessions, and of what they started;
/// to be called until nothing is found.
///
/// A process whose number is in the record but which began at another moment is another one, and so is its session. Nothing is killed
/// that belongs to another user than `user`, the record's owner, unless that is root: anybody may write such a file.
/// This process is never among them.
///
/// - Parameters:
///   - file: The record; -1: none.
///   - user: Who wrote it.
///   - more: Numbers of processes that are known otherwise; they are killed with their process groups, but not with this process's.
struct record_sweep record_sweep(int file, uid_t user, const pid_t *more, size_t count);

/// A program or a process: its number, and between which moments it began, in the ticks of /proc/PID/stat.
struct record_mark {
    pid_t process;
    unsigned long long first, last;
};

/// Looks which processes a program has started, its session and process group among them, and what those started.
///
/// Children have another parent once their own has ended, so this is asked before a program is ended.
///
/// - Parameters:
///   - program: A child of this process that has not been reaped.
///   - known: What an earlier look has found.
///   - marks: For what is found, what was known and is still there among it.
/// - Returns: How many marks; 0: nothing can be seen.
size_t record_look(pid_t program, const struct record_mark *known, size_t known_count, struct record_mark *marks, size_t room);

/// The same as `record_sweep`, for the marks of `record_look`; this process's user takes the place of the record's owner.
struct record_sweep record_sweep_marked(const struct record_mark *marks, size_t count, const pid_t *more, size_t more_count);

/// Starts a process that waits for the end of this one and then sweeps the record; -1 and errno on failure.
///
/// It is a child of this process, in a session of its own: this program's file, begun anew and caught before anything else runs.
pid_t record_watch(int file);

/// The process that waitid(2) tells of; 0: none. A macro in C, which Swift does not see.
static inline pid_t process_of(const siginfo_t *information) { return information->si_pid; }

#endif
