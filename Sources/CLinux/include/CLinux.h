// What Linux offers and Swift's Glibc module leaves out.
#ifndef CLINUX_H
#define CLINUX_H

// The kind of a file system: statfs(2).
#include <sys/vfs.h>

// Locks one byte of an open file for this open file alone (fcntl(2), F_OFD_SETLK); -1 and errno when another holds it.
int linux_lock_byte(int descriptor, long long offset);

// Renames a file unless the new name is taken (renameat2(2), RENAME_NOREPLACE); -1 and errno (EEXIST) then.
int linux_rename_new(const char *from, const char *to);

// Keeps the memory and the environment of this process from core files and from other processes of the same user (prctl(2),
// PR_SET_DUMPABLE).
int linux_hide_memory(void);

#endif
