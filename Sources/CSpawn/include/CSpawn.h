// What Linux offers for starting programs and Swift cannot call: vfork(2), and calls that its Glibc module does not
// show.
#ifndef CSPAWN_H
#define CSPAWN_H

#include "CRecord.h"
#include "CSignals.h"

#include <stddef.h>
#include <sys/types.h>

/// A child of this process, and this process's ends of the pipes between the two.
///
/// All descriptors are closed on exec; the three pipe ends do not block.
struct spawned_child {
    pid_t process;
    /// A pidfd: readable once the child has ended, pidfd_open(2).
    int end;
    /// Writing here feeds the child's stdin.
    int input;
    /// The child's stdout can be read here.
    int output;
    /// The child's stderr can be read here.
    int errors;
};

/// The step that failed.
enum spawn_step {
    spawn_prepare,
    spawn_enter_directory,
    spawn_execute,
    /// The program began, and was killed because no pidfd could be opened for it.
    spawn_follow,
};

/// The error number, 0 for none, and the step that failed.
struct spawn_fault {
    int error;
    enum spawn_step step;
};

/// Starts a program as the leader of its own session and process group, in a working directory, with three pipes as its
/// only descriptors, every signal at its default and none blocked.
///
/// After a fault no descriptor is left open and no child exists. The call returns once the program has begun (exec), so
/// the child's number is then its group's number too. The program is recorded at `place` before it begins. It does not
/// begin if this process has ended in the meantime.
struct spawn_fault spawn_child(const char *path, char *const arguments[], char *const environment[],
                               const char *directory, struct record_place place, struct spawned_child *child);

/// Whether this process can have `count` more threads at once, 64 at most: 0, or the error number. The threads have
/// ended when it returns.
int threads_available(int count);

/// How many arguments this process was started with, its name included; 0 if the C library does not say.
int process_argument_count(void);

/// One of the arguments, or null if there is none.
const char *process_argument(int index);

/// Writes `x` over an argument, from a position on, because `ps` and `/proc/PID/cmdline` show it to every user.
///
/// Call it after the argument was read.
void process_cover_argument(int index, size_t from);

/// Hides this process's environment and memory from other processes. Its handlers run as the same user, who could
/// otherwise read `/proc/PID/environ` and `/proc/PID/mem`, and trace it.
///
/// This process keeps its variables. In the memory that the kernel shows, all are overwritten except TASKRUN_RUN, which
/// identifies the programs of a run. No core dump is written (PR_SET_DUMPABLE, prctl(2)). Call it once, before threads
/// begin. It does nothing on other systems than Linux.
void process_keep_secrets(void);

/// Sets whether other processes of this user may look at this one for the moment. While they may not, root owns this
/// process's files in `/proc`.
void process_set_open(int is_open);

/// Whether an access control list gives named users or groups rights to a file, acl(5).
int file_has_access_list(const char *path);

/// Whether a file lies on a file system that is mounted read-only.
int file_is_read_only(const char *path);

/// Whether a folder lies on a network file system, or on one that a program serves (FUSE).
int file_is_remote(const char *path);

#endif
