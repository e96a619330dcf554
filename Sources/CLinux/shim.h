// Linux calls that Swift cannot make: raw system calls, variadic functions, and constants behind _GNU_SOURCE, which
// Swift's own view of glibc is compiled without. Every door returns what the call returns, or -errno.
#ifndef STUDIO_CLINUX_SHIM_H
#define STUDIO_CLINUX_SHIM_H

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/landlock.h>
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

// What was gained by a set-uid program or a file's capabilities stays out for good.
static inline int studio_no_new_privileges(void) {
    return (int)studio_result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

// Takes every capability from this thread, and from the threads it starts, but those in `kept` that it has.
static inline int studio_keep_capabilities(uint64_t kept) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0) return -errno;
    for (int word = 0; word < 2; word++) {
        data[word].permitted &= (uint32_t)(kept >> (32 * word));
        data[word].effective = data[word].permitted;
        data[word].inheritable = 0;
    }
    return (int)studio_result(syscall(SYS_capset, &header, data));
}

static const uint64_t studio_capability_read_any_file = 1ULL << CAP_DAC_READ_SEARCH;

// Landlock, in the words of the newest kernel this was written for (version 7); a kernel's headers may be older.
static const uint64_t studio_landlock_truncate = 1ULL << 14;
static const uint64_t studio_landlock_device_control = 1ULL << 15;
static const uint64_t studio_landlock_all_tcp = 3;
static const uint64_t studio_landlock_abstract_sockets_and_signals = 3;

// Which version of Landlock the kernel has; an error where it has none, or it is switched off.
static inline int studio_landlock_version(void) {
    return (int)studio_result(
        syscall(SYS_landlock_create_ruleset, (void *)0, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION));
}

// A set of rules that forbids all these until rules allow them somewhere. A descriptor.
static inline int studio_landlock_ruleset(uint64_t files, uint64_t network, uint64_t scoped) {
    struct {
        uint64_t files, network, scoped;
    } attributes = {files, network, scoped};
    // An older kernel takes what it does not know as long as it is zero.
    return (int)studio_result(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
}

static inline int studio_landlock_allow(int ruleset, int path, uint64_t access) {
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = path};
    return (int)studio_result(syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
}

// Holds this thread, and the threads it starts, to the rules for good.
static inline int studio_landlock_restrict_self(int ruleset) {
    return (int)studio_result(syscall(SYS_landlock_restrict_self, ruleset, 0));
}

// A system call without anything to work on: to learn whether it is let through.
static inline int studio_bare_system_call(int number) {
    return (int)studio_result(syscall(number, 0L, 0L, 0L, 0L, 0L, 0L));
}

// What `clone` is told, behind _GNU_SOURCE.
static const unsigned long studio_clone_thread = 0x00010000;
static const unsigned long studio_clone_any_namespace = 0x7e020080;

#endif
