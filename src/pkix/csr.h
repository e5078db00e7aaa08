/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_CSR_H
#define SIGNET_PKIX_CSR_H

/*
 * csr: a PKCS#10 certification request (RFC 2986) as ACME's finalize takes it
 * (RFC 8555 section 7.4): DER, self-signed, names in subjectAltName (RFC 5280
 * 4.2.1.6) and perhaps one more in the subject's commonName.
 */

#include <openssl/evp.h>

#include "base/bld.h"
#include "pkix/ident.h"

#define CSR_DER_MAX 65536 /* bytes */

struct csr {
	int key_type;             /* the subject's: EVP_PKEY_EC or _RSA */
	struct span spki;         /* its SubjectPublicKeyInfo DER, in arena */
	struct ident_list names;  /* SAN and CN, sorted and unique; in arena */
	struct span common_name;  /* canonical dNSName, or empty; in arena */
	bool must_staple;         /* RFC 7633 status_request asked for */
};

/* Parses, checks the self-signature, the key (pkix/key.h key_check) and the
 * names. Nothing may follow the DER. Errors: -ERR_BAD_CSR (also for bad
 * subject keys, RFC 8555 7.4), -ERR_INTERNAL. There is nothing to free but
 * arena. */
int csr_parse(struct span der, struct arena *arena, struct csr *ret,
    struct err *err);

/* The SubjectPublicKeyInfo that stands in a request, borrowed from der;
 * nothing of it is checked, and what is no request has none (empty). */
struct span csr_find_spki(struct span der);

/* Appends a request for names, signed by key, whose private half it needs:
 * for the agent, the load generator, the simulator and tests. common_name may
 * be empty. */
int csr_make(struct bld *out, EVP_PKEY *key, struct span common_name,
    const struct ident_list *names, struct err *err);
/* The same, asking for a certificate that is only good with an OCSP response
 * (RFC 7633, must-staple). */
int csr_make_stapled(struct bld *out, EVP_PKEY *key, struct span common_name,
    const struct ident_list *names, struct err *err);

#endif
