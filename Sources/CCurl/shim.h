// libcurl: HTTP over TCP, TLS and Unix sockets. Its variadic setters get a typed door for each kind of value.
#ifndef STUDIO_CCURL_SHIM_H
#define STUDIO_CCURL_SHIM_H

#include <curl/curl.h>

typedef size_t (*studio_curl_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode studio_curl_set_number(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode studio_curl_set_size(CURL *easy, CURLoption option, int64_t value) {
    return curl_easy_setopt(easy, option, (curl_off_t)value);
}

static inline CURLcode studio_curl_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode studio_curl_set_headers(CURL *easy, struct curl_slist *headers) {
    return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}

static inline CURLcode studio_curl_set_form(CURL *easy, curl_mime *form) {
    return curl_easy_setopt(easy, CURLOPT_MIMEPOST, form);
}

// Copies the bytes.
static inline CURLcode studio_curl_set_body(CURL *easy, const void *bytes, int64_t count) {
    CURLcode status = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return status != CURLE_OK ? status : curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, (const char *)bytes);
}

static inline CURLcode studio_curl_set_error_buffer(CURL *easy, char *buffer) {
    return curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, buffer);
}

static inline CURLcode studio_curl_set_writer(CURL *easy, studio_curl_callback writer, void *context) {
    CURLcode status = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, writer);
    return status != CURLE_OK ? status : curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
}

static inline CURLcode studio_curl_set_header_writer(CURL *easy, studio_curl_callback writer, void *context) {
    CURLcode status = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, writer);
    return status != CURLE_OK ? status : curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
}

static inline CURLcode studio_curl_set_reader(CURL *easy, studio_curl_callback reader, void *context) {
    CURLcode status = curl_easy_setopt(easy, CURLOPT_READFUNCTION, reader);
    return status != CURLE_OK ? status : curl_easy_setopt(easy, CURLOPT_READDATA, context);
}

// The result of a transfer that a message says is done.
static inline CURLcode studio_curl_result(const CURLMsg *message) { return message->data.result; }

static const size_t studio_curl_pause_writing = CURL_WRITEFUNC_PAUSE;
static const size_t studio_curl_abort_reading = CURL_READFUNC_ABORT;
static const int studio_curl_pause_nothing = CURLPAUSE_CONT;
static const int studio_curl_error_size = CURL_ERROR_SIZE;
static const size_t studio_curl_text_with_end = CURL_ZERO_TERMINATED;

#endif
