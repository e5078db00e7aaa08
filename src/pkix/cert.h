/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_CERT_H
#define SIGNET_PKIX_CERT_H

/*
 * cert: builds X.509 v3 certificates (RFC 5280) byte by byte from a struct
 * that says all of what they hold. Nothing is copied from a request but the
 * public key.
 *
 * Extensions stand in one const table in cert.c, in the order in which they
 * are written; an extension is written when its member asks for it. A new one
 * (AIA, CRL distribution points, SCT list, precertificate poison) is a member
 * here, a row there and a rule in pkix/lint.c.
 */

#include <openssl/evp.h>

#include "base/env.h"
#include "base/mem.h"
#include "pkix/ident.h"
#include "pkix/sigalg.h"

#define CERT_DER_MAX 32768    /* bytes of one certificate: 100 long names */
#define CERT_SERIAL_SIZE 16   /* bytes */
#define CERT_KEY_ID_SIZE 20   /* bytes */
#define CERT_COMMON_NAME_MAX 64 /* bytes, RFC 5280 A.1 ub-common-name */

/* keyUsage, RFC 5280 4.2.1.3: bits as they stand in the BIT STRING. */
enum cert_key_usage {
	CERT_DIGITAL_SIGNATURE = 0x80,
	CERT_KEY_ENCIPHERMENT = 0x20,
	CERT_KEY_CERT_SIGN = 0x04,
	CERT_CRL_SIGN = 0x02
};

#define CERT_NO_PATH_LEN (-1)

struct cert {
	uint8_t serial[CERT_SERIAL_SIZE];
	struct span issuer;        /* its Name, DER */
	int64_t not_before_s;
	int64_t not_after_s;       /* the last second of validity */
	struct span common_name;   /* empty: the subject is empty */
	struct span spki;          /* DER */
	unsigned key_usage;        /* enum cert_key_usage, or-ed */
	bool server_auth;          /* extKeyUsage serverAuth */
	bool ca;                   /* basicConstraints, always written */
	int path_len;              /* of a CA, or CERT_NO_PATH_LEN */
	const struct ident_list *names;     /* subjectAltName; NULL: none */
	const struct ident_list *permitted; /* nameConstraints; NULL: none */
	struct span subject_key_id;   /* empty: none */
	struct span authority_key_id; /* empty: none */
	bool domain_validated;     /* policy 2.23.140.1.2.1 */
	struct span acme_identifier; /* RFC 8737 3: 32 octets; empty: none */
};

/* A serial number that nobody can guess, positive and always of
 * CERT_SERIAL_SIZE octets: 126 random bits (BR 7.1.2.7 asks for 64). */
void cert_make_serial(const struct env *env, uint8_t ret[CERT_SERIAL_SIZE]);

/* The key identifier of RFC 7093 2 (1): the leftmost 160 bits of SHA-256 of
 * the subjectPublicKey. */
int cert_key_id(struct span spki, uint8_t ret[CERT_KEY_ID_SIZE],
    struct err *err);

/* Appends a Name with one commonName, or an empty one. */
void cert_put_name(struct bld *out, struct span common_name);

/* Appends GeneralNames, the contents of a subjectAltName. */
void cert_put_names(struct bld *out, const struct ident_list *names);

/* Appends the TBSCertificate, for a signature with alg. */
void cert_put_tbs(struct bld *out, const struct cert *cert,
    const struct sigalg *alg);

/* Appends the certificate (or request): tbs, alg, and the signature by signer
 * (sigalg_signer). */
int cert_sign(struct bld *out, struct span tbs, const struct sigalg *alg,
    EVP_PKEY_CTX *signer, struct err *err);

#endif
