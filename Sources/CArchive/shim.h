// libarchive: ZIP files of stills.
#ifndef STUDIO_CARCHIVE_SHIM_H
#define STUDIO_CARCHIVE_SHIM_H

#include <archive.h>
#include <archive_entry.h>

// The macro has a cast that Swift's importer cannot read.
static inline unsigned int studio_archive_regular_file(void) { return AE_IFREG; }

#endif
