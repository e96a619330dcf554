#ifndef STUDIO_CHIREDIS_SHIM_H
#define STUDIO_CHIREDIS_SHIM_H

// hiredis 0.14 uses struct timeval without including its header.
#include <sys/time.h>

#include <hiredis/hiredis.h>

#endif
