/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_SIGNER_ISSUE_H
#define SIGNET_SIGNER_ISSUE_H

/*
 * issue: from evidence to the bytes of a certificate. Nothing that core says
 * is believed:
 *
 *   issue_read   the JWS by the account's key, then its header and payload,
 *                then the CSR: what does the holder of this key ask for?
 *   issue_judge  names, attestations, times: may it have that?
 *   issue_make   builds the certificate, lints it, signs it
 *
 * Each step uses what the one before has put into struct issue.
 */

#include "ca/policy.h"
#include "pkix/blocked_keys.h"
#include "pkix/cert.h"
#include "pkix/csr.h"
#include "rpc/core_signer.h"

#define ISSUE_PERSPECTIVES_MAX 32
#define ISSUE_ORDER_GRACE_MS (24 * 3600 * 1000) /* from an order's expiry
                                                   to its certificate */

struct issue_perspective {
	struct policy_perspective who;
	uint8_t key[ATTESTATION_KEY_SIZE];
};

/* Whom the certificates are by. */
struct issue_issuer {
	EVP_PKEY_CTX *signer;    /* holds the key */
	const struct sigalg *alg;
	struct span subject;     /* its Name, DER */
	struct span key_id;
	int64_t not_after_s;
};

/* What the signer knows of its own. */
struct issue_context {
	const struct env *env;
	const struct config *config;
	const struct blocked_keys *blocked; /* NULL: none */
	struct issue_issuer issuer;
	struct issue_perspective perspectives[ISSUE_PERSPECTIVES_MAX];
	size_t num_perspectives;
};

struct issue {
	const struct issue_request *request;
	const struct jwk *key;  /* the account's */
	int64_t order_at;       /* when the order was made */
	struct csr csr;
	const struct policy_profile *profile;
	struct policy_validity validity;
};

/* Fills ret from an issuing certificate (DER) and its key, which both stay
 * the caller's. On success issue_make_issuer_done frees. */
int issue_make_issuer(struct issue_issuer *ret, struct span certificate,
    EVP_PKEY *key, struct err *err);
void issue_make_issuer_done(struct issue_issuer *issuer);

int issue_read(const struct issue_context *context, struct issue *issue,
    struct arena *arena, struct err *err);
int issue_judge(const struct issue_context *context, struct issue *issue,
    struct err *err);
/* Appends the certificate to out. */
int issue_make(const struct issue_context *context, struct issue *issue,
    struct bld *out, struct err *err);

#endif
