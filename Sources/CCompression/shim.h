// zlib and libbz2: the compressions that Celery's clients use.
#ifndef STUDIO_CCOMPRESSION_SHIM_H
#define STUDIO_CCOMPRESSION_SHIM_H

#include <bzlib.h>
#include <zlib.h>

// inflateInit is a macro.
static inline int studio_inflate_init(z_stream *stream) { return inflateInit(stream); }

#endif
