/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_FILES_CHAIN_H
#define SIGNET_AGENT_FILES_CHAIN_H

/*
 * chain: reads a certificate chain as a CA sent it and checks that it is what
 * was asked for: a CA may err or lie, and nobody has looked before. What is
 * published is written anew from what was parsed.
 */

#include <openssl/x509.h>

#include "agent/rpc/judge_files.h"

#define CHAIN_EARLY_MAX_S 600 /* a CA's clock may be this much ahead */
#define CHAIN_OCSP_OLD_S 864000 /* 10 days: BR 4.9.10 */

struct chain {
	size_t count;
	struct span certificates[FILES_CHAIN_CERTIFICATES_MAX]; /* DER, leaf
	                                                           first */
	struct files_live leaf; /* what it says; all but path */
};

/* -ERR_MALFORMED for what is no chain. All spans are in the arena. */
int chain_parse(struct span pem, struct arena *arena, struct chain *ret,
    struct err *err);

/* What was asked for: that key, exactly those names (NULL: any), good now,
 * each certificate signed by the next. -ERR_MALFORMED with what is wrong. */
int chain_check(const struct chain *chain,
    const uint8_t spki_hash[FILES_HASH_SIZE], const struct ident_list *names,
    int64_t now_ms, struct err *err);

/* Whether it is of use to a TLS server, as was asked: -ERR_MALFORMED if not. An
 * administrator who asks for a profile may want it for something else; then, and
 * where must-staple (RFC 7633) was asked for and is not there, or it is valid
 * for longer than CHAIN_LIFETIME_MAX_S, *ret_noted, which is ERR_INIT before,
 * says what differs: HTTPS works with it all the same, and would stop without
 * it. */
#define CHAIN_LIFETIME_MAX_S INT64_C(316224000) /* 10 years */
int chain_check_use(const struct chain *chain, bool must_staple, bool profile,
    struct err *ret_noted, struct err *err);

/* The certificate with exactly that DER, or NULL; not to be changed. The caller
 * frees it with X509_free. */
X509 *chain_decode(struct span der);
/* Unix time; 0 for NULL, or what is no time. */
int64_t chain_seconds(const ASN1_TIME *time);

/* Appends the certificates from the one with that index on, as PEM. */
void chain_put(struct bld *out, const struct chain *chain, size_t from);

/* An OCSP request about the leaf, DER. -ERR_MALFORMED if its issuer is not in
 * the chain. */
int chain_make_ocsp(const struct chain *chain, struct bld *out,
    struct err *err);

/* What a response says of the leaf: by its issuer, and now. -ERR_MALFORMED,
 * -ERR_INCORRECT_RESPONSE: nothing. */
int chain_read_ocsp(const struct chain *chain, struct span response,
    int64_t now_ms, struct files_ocsp *ret, struct err *err);

#endif
