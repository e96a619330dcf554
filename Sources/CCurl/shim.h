// libcurl: HTTP over TCP, TLS and Unix sockets.
#ifndef STUDIO_CCURL_SHIM_H
#define STUDIO_CCURL_SHIM_H

#include <curl/curl.h>

#endif
