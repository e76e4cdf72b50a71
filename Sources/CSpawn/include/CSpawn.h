// What Linux offers for starting programs and Swift cannot call: vfork(2), and what its Glibc module does not show.
#ifndef CSPAWN_H
#define CSPAWN_H

#include "CRecord.h"
#include "CSignals.h"

#include <stddef.h>
#include <sys/types.h>

/// A child of this process, and this process's ends of what connects the two.
///
/// All descriptors are closed on exec; the three ends of pipes do not block.
struct spawned_child {
    pid_t process;
    /// A pidfd: readable once the child has ended, pidfd_open(2).
    int end;
    /// What the child reads on stdin is written here.
    int input;
    /// What the child writes to stdout is read here.
    int output;
    /// What the child writes to stderr is read here.
    int errors;
};

/// What could not be done.
enum spawn_step {
    spawn_prepare,
    spawn_enter_directory,
    spawn_execute,
    /// The program has begun, and was ended as it could not be followed.
    spawn_follow,
};

/// The error number, 0 for none, and the step at which it came.
struct spawn_fault {
    int error;
    enum spawn_step step;
};

/// Starts a program as the leader of a session and a process group of its own, in a working directory, with three pipes
/// as its only descriptors, every signal at its default and none blocked.
///
/// After a fault nothing is left open and no child is there. Waits until the program has begun (exec), so that the
/// child's number is the group's number when this returns. Before it begins it is written down at `place`; it does not begin where
/// this process has ended meanwhile.
struct spawn_fault spawn_child(const char *path, char *const arguments[], char *const environment[],
                               const char *directory, struct record_place place, struct spawned_child *child);

/// Whether this process can have so many more threads at once, 64 at most: 0, or the error number. They are gone when it
/// returns.
int threads_available(int count);

/// How many words this process was started with, its name included; 0 where the C library does not tell.
int process_argument_count(void);

/// One of them; null where there is none.
const char *process_argument(int index);

/// Writes `x` over one of them from a place on, for `ps` and `/proc/PID/cmdline`, which everybody on the machine may read.
///
/// To be called after the word was read.
void process_cover_argument(int index, size_t from);

/// Keeps this process's environment and memory from other processes: what it starts runs as the same user, who may otherwise read
/// `/proc/PID/environ` and `/proc/PID/mem`, and trace it.
///
/// The variables go on to be there for this process; in the place that the kernel shows, all are covered but TASKRUN_RUN, by which programs
/// of a run are found. No core is written (PR_SET_DUMPABLE, prctl(2)). To be called once, before threads begin; does nothing but on Linux.
void process_keep_secrets(void);

/// Whether others of this user may look at this process, for the moment: its own files in `/proc` that belong to root otherwise.
void process_set_open(int is_open);

/// Whether an access list names users or groups that may do something with a file, acl(5).
int file_has_access_list(const char *path);

/// Whether a file lies on a file system that is mounted so that nobody can write to it.
int file_is_read_only(const char *path);

/// Whether a folder lies on a file system that other machines may have, too, or that a program serves.
int file_is_remote(const char *path);

#endif
