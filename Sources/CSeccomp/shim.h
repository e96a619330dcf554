// libseccomp 2.5: which system calls a process may still make. The macros that Swift's importer cannot read get a typed
// door each.
#ifndef STUDIO_CSECCOMP_SHIM_H
#define STUDIO_CSECCOMP_SHIM_H

#include <seccomp.h>

/// The call fails with an errno value.
static inline uint32_t cseccomp_fail(uint16_t number) { return SCMP_ACT_ERRNO(number); }

/// The name is not that of a system call, or of one that this libseccomp does not know yet.
static const int cseccomp_unknown_call = __NR_SCMP_ERROR;

#endif
