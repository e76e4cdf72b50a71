// A record of the programs that a process started, in a file that outlives the process.
#ifndef CRECORD_H
#define CRECORD_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

/// The length of one line of a record: the program's process number, and two moments between which it began, in
/// nanoseconds since boot (CLOCK_BOOTTIME). Example: `0000001234 00000000000987654321 00000000000987700000`
#define RECORD_LINE 53

/// Where a program is recorded before it begins.
struct record_place {
    /// The record's file, or -1 for none.
    int file;
    /// Where its line begins.
    off_t offset;
    /// Whether the program is killed when the thread that started it ends, prctl(2). Used where there is no watcher.
    int dies_with_starter;
};

/// Writes a line for the calling process, which vfork(2) has just made; returns an error number or 0.
///
/// It only makes system calls.
int record_enter(const struct record_place *place, long long before);

/// Nanoseconds since boot.
long long record_clock(void);

/// Makes a line empty.
void record_leave(int file, off_t offset);

/// The result of a sweep over the processes that a record names.
struct record_sweep {
    /// How many were running.
    int found;
    /// How many of them this process cannot end, because they belong to another user.
    int foreign;
    /// Whether the counts can be trusted: the record is whole, and /proc shows the processes of this namespace.
    int is_seen;
};

/// Kills the running processes that belong to the programs in a record: the programs, their process groups and
/// sessions, and what they started. Call it until nothing is found.
///
/// A process with a number of the record that began at another moment is a different process, and so is its session.
/// Processes of other users than `user`, the record's owner, are not killed, unless the owner is root: any user may
/// write such a file. This process is never killed.
///
/// - Parameters:
///   - file: The record, or -1 for none.
///   - user: The record's owner.
///   - more: Numbers of processes known from elsewhere. They are killed with their process groups, except this
///     process's group.
struct record_sweep record_sweep(int file, uid_t user, const pid_t *more, size_t count);

/// A program or a process: its number, and two moments between which it began, in the ticks of /proc/PID/stat.
struct record_mark {
    pid_t process;
    unsigned long long first, last;
};

/// Finds the processes that a program has started, its session and process group included, and what those started.
///
/// Children get another parent once their own has ended, so this is called before a program is ended.
///
/// - Parameters:
///   - program: A child of this process that has not been reaped.
///   - known: The result of an earlier call.
///   - marks: Room for the result: what is found now, and those of the known ones that still exist.
/// - Returns: How many marks, or 0 if nothing can be seen.
size_t record_look(pid_t program, const struct record_mark *known, size_t known_count, struct record_mark *marks,
                   size_t room);

/// Like `record_sweep`, for the marks of `record_look`. This process's user stands for the record's owner.
struct record_sweep record_sweep_marked(const struct record_mark *marks, size_t count, const pid_t *more,
                                        size_t more_count);

/// Starts a watcher: a process that waits for the end of this one and then sweeps the record; -1 and errno on failure.
///
/// It is a child of this process in a session of its own. It executes this program's own file again, and a constructor
/// turns it into the watcher before anything else runs.
pid_t record_watch(int file);

/// The process that waitid(2) reports, or 0 for none. In C this is a macro, which Swift does not see.
static inline pid_t process_of(const siginfo_t *information) { return information->si_pid; }

#endif
