/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_PKI_H
#define SIGNET_PKIX_PKI_H

/*
 * pki: makes the certificates that a CA is born with: its root, its
 * intermediate, and for its own HTTPS API a name-constrained CA and leaves
 * below it. Used by `signetd init`, `signetd dev` and, for API leaves, by
 * master; never by the signer.
 *
 * The API's CA is apart from the intermediate because the intermediate's key
 * signs only what the signer has evidence for; critical nameConstraints (RFC
 * 5280 4.2.1.10) bind it to the API's own names, so that whoever steals its
 * key can be the API and nothing else.
 *
 * Keys are the caller's (pkix/key.h key_generate), P-256 throughout.
 */

#include <openssl/evp.h>

#include "base/env.h"
#include "base/mem.h"
#include "pkix/ident.h"

#define PKI_ROOT_DAYS 7300         /* 20 years */
#define PKI_INTERMEDIATE_DAYS 3650 /* 10 years */
#define PKI_API_CA_DAYS 7200       /* the root's, nearly */
#define PKI_API_LEAF_DAYS 90
#define PKI_NAME_MAX 64            /* bytes of a commonName, RFC 5280 A.1 */

struct pki_issuer {
	struct span certificate; /* DER */
	EVP_PKEY *key;
};

/* Self-signed. name is the subject's commonName; days 0: PKI_ROOT_DAYS. The
 * DER is allocated in arena; so in all below. */
int pki_make_root(const struct env *env, EVP_PKEY *key, const char *name,
    int64_t days, struct arena *arena, struct span *ret, struct err *err);

/* BR 7.1.2.6: pathLenConstraint 0, serverAuth. key is the new CA's. */
int pki_make_intermediate(const struct env *env,
    const struct pki_issuer *root, EVP_PKEY *key, const char *name,
    int64_t days, struct arena *arena, struct span *ret, struct err *err);

/* May certify names and addresses of names only: exact dNSNames (and what is
 * below them) and single addresses; everything else is excluded. */
int pki_make_api_ca(const struct env *env, const struct pki_issuer *root,
    EVP_PKEY *key, const char *name, const struct ident_list *names,
    int64_t days, struct arena *arena, struct span *ret, struct err *err);

/* The API's own TLS certificate for all names, which may be single labels
 * and addresses ("localhost", "127.0.0.1"). days 0: PKI_API_LEAF_DAYS. */
int pki_make_api_leaf(const struct env *env, const struct pki_issuer *api_ca,
    EVP_PKEY *key, const struct ident_list *names, int64_t days,
    struct arena *arena, struct span *ret, struct err *err);

/* What a CA must know of a certificate: for issuing below it, for `check`,
 * for renewals. Spans borrow from the certificate. */
struct pki_certificate {
	int64_t not_before_s, not_after_s; /* Unix seconds */
	struct span spki;
	struct span subject;     /* the whole Name, DER */
	struct span common_name; /* as it is encoded; empty if none */
	struct span subject_key_id; /* empty if there is none */
};
int pki_read(struct span certificate, struct pki_certificate *ret,
    struct err *err);

/* Whether the certificate is for this key. -ERR_CONFIG if not. */
int pki_check_key(struct span certificate, EVP_PKEY *key, struct err *err);

/* All certificates of a PEM file, in its order, as DER in arena; text around
 * them is passed over. -ERR_CONFIG when there is none, more than max, one that
 * is damaged, or PEM of another kind. */
int pki_from_pem(struct span pem, struct arena *arena, struct span *ret,
    size_t max, size_t *ret_count, struct err *err);

#endif
