// libcrypto of OpenSSL 3: digests, HMAC, scrypt and random bytes.
#ifndef STUDIO_CCRYPTO_SHIM_H
#define STUDIO_CCRYPTO_SHIM_H

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#endif
