/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CLIENT_NAMES_H
#define SIGNET_CLIENT_NAMES_H

/*
 * client_names: what a client makes of keys, tokens and certificates so that
 * a CA finds it, and the checks of what a CA names. Pure functions.
 */

#include "client/client_types.h"

/* RFC 9773 4.1: of a certificate's authority key identifier and the octets of
 * its serial number, as DER has them. */
void client_cert_id(struct bld *out, struct span key_id, struct span serial);

/* RFC 8555 8.4: the TXT record's text for dns-01 (and dns-account-01). */
void client_dns01_value(struct bld *out, struct span key_authorization);

/* draft-ietf-acme-dns-account-label: the name of the TXT record for domain,
 * "_ujmmovf2vn55tgye._acme-challenge.example.org". */
void client_dns_account_name(struct bld *out, struct span kid,
    struct span domain);

/* RFC 8737 3: the 32 bytes of the acmeIdentifier extension. */
#define CLIENT_TLS_ALPN_SIZE 32
void client_tls_alpn_digest(uint8_t ret[CLIENT_TLS_ALPN_SIZE],
    struct span key_authorization);

/* An https URL (http too where http_too, for a CA whose directory is) of at
 * most CLIENT_URL_MAX visible ASCII bytes, with a host, without a user name
 * or a fragment. -ERR_MALFORMED. */
int client_url_check(struct span url, bool http_too, struct err *err);

/* Whether both are of the same scheme, host and port (RFC 6454). Of URLs that
 * client_url_check passes. */
bool client_url_same_origin(struct span a, struct span b);

/* base64url of CLIENT_TOKEN_MIN to CLIENT_TOKEN_MAX bytes: fit for a path, a
 * hook's environment and a shell. */
bool client_token_check(struct span token);

#endif
