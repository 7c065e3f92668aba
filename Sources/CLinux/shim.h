// What Linux offers and Swift's Glibc module leaves out: the kind of a file system (statfs(2)).
#include <sys/vfs.h>
