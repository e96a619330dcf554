// Linux calls that Swift cannot make: raw system calls, variadic functions, and constants behind _GNU_SOURCE, which
// Swift's own view of glibc is compiled without. Every door returns what the call returns, or -errno.
#ifndef STUDIO_CLINUX_SHIM_H
#define STUDIO_CLINUX_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int studio_O_PATH = __O_PATH;
static const int studio_O_TMPFILE = __O_TMPFILE;
static const long studio_UTIME_OMIT = (1L << 30) - 2L;

static inline long studio_result(long result) {
    return result < 0 ? -(long)errno : result;
}

// Opens a path below a directory; no symbolic link, `..` or magic link leads out of it.
static inline int studio_openat2_beneath(int directory, const char *path, int flags, unsigned int mode) {
    struct open_how how = {
        .flags = (uint64_t)(unsigned int)flags,
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    return (int)studio_result(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

static inline int studio_rename_without_replacing(
    int from_directory, const char *from, int to_directory, const char *to) {
    return (int)studio_result(
        syscall(SYS_renameat2, from_directory, from, to_directory, to, 1 /* RENAME_NOREPLACE */));
}

static inline int studio_rename_exchanging(
    int from_directory, const char *from, int to_directory, const char *to) {
    return (int)studio_result(
        syscall(SYS_renameat2, from_directory, from, to_directory, to, 2 /* RENAME_EXCHANGE */));
}

// Makes `destination` share the blocks of `source`.
static inline int studio_reflink(int destination, int source) {
    return (int)studio_result(ioctl(destination, FICLONE, source));
}

// Copies from and to the descriptors' positions inside the kernel.
static inline long studio_copy_file_range(int source, int destination, size_t count) {
    return studio_result(syscall(SYS_copy_file_range, source, (void *)0, destination, (void *)0, count, 0));
}

// Asks for a signal when the thread that made this process ends.
static inline int studio_signal_on_parent_death(int signal) {
    return (int)studio_result(prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0, 0, 0));
}

// The resources are an enumeration in C, which Swift does not take where the function wants an int.
static const int studio_limit_address_space = RLIMIT_AS;
static const int studio_limit_cpu_seconds = RLIMIT_CPU;
static const int studio_limit_file_size = RLIMIT_FSIZE;
static const int studio_limit_open_files = RLIMIT_NOFILE;
static const int studio_limit_core_size = RLIMIT_CORE;

// Lowers the soft and the hard limit to `value`, or to the present hard limit where that is lower.
static inline int studio_lower_limit(int resource, uint64_t value) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) return -errno;
    if (limit.rlim_max == RLIM_INFINITY || value < limit.rlim_max) limit.rlim_max = value;
    limit.rlim_cur = limit.rlim_max;
    return (int)studio_result(setrlimit(resource, &limit));
}

#endif
