// libgit2 1.5, and a door for each thing of it that Swift cannot import: variadic functions and *_INIT macros.
#ifndef STUDIO_CGIT2_SHIM_H
#define STUDIO_CGIT2_SHIM_H

#include <git2.h>

// git_libgit2_opts is variadic.
static inline int studio_git_set_owner_validation(int enabled) {
    return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, enabled);
}

static inline int studio_git_set_fsync(int enabled) {
    return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, enabled);
}

static inline int studio_git_set_search_path(int level, const char *path) {
    return git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, path);
}

// The *_INIT macros are braced initialisers.
static inline git_repository_init_options studio_git_repository_init_options(void) {
    git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
    return options;
}

static inline git_status_options studio_git_status_options(void) {
    git_status_options options = GIT_STATUS_OPTIONS_INIT;
    return options;
}

#endif
