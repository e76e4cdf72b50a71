#define _GNU_SOURCE
#include "CSpawn.h"

#include <stddef.h>

#if defined(__linux__)
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

int file_has_access_list(const char *path) { return getxattr(path, "system.posix_acl_access", NULL, 0) > 0; }

int file_is_read_only(const char *path) {
    struct statvfs status;
    return statvfs(path, &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

int file_is_remote(const char *path) {
    // statfs(2) and linux/magic.h: NFS, SMB, CIFS, SMB2, AFS, Coda, Ceph, 9P, FUSE (sshfs), Lustre, GPFS.
    static const unsigned int remote[] = {
        0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x73757245, 0x00c36400, 0x01021997, 0x65735546,
        0x0bd00bd0, 0x47504653,
    };
    struct statfs status;
    if (statfs(path, &status) != 0) return 0;
    for (size_t i = 0; i < sizeof remote / sizeof *remote; i++) {
        if ((unsigned int)status.f_type == remote[i]) return 1;
    }
    return 0;
}
#else
int file_is_read_only(const char *path) { return path == NULL; }
int file_has_access_list(const char *path) { return path == NULL; }
int file_is_remote(const char *path) { return path == NULL; }
#endif
