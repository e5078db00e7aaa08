/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_RPC_CORE_SIGNER_H
#define SIGNET_RPC_CORE_SIGNER_H

/*
 * core_signer: what core asks the signer. There is no "sign this": core hands
 * over evidence, and the signer answers with a certificate that it built
 * itself, or with the rule that the evidence fails.
 *
 * The same evidence (the same finalize JWS) gives the same certificate again,
 * also after a crash of either side: the signer looks it up in its journal.
 * So core may repeat a question that it has no answer to, and nothing is ever
 * issued twice or lost.
 */

#include "rpc/attestation.h"

#define CORE_SIGNER_ATTESTATIONS_MAX \
	(IDENT_LIST_MAX * ATTESTATIONS_PER_IDENT_MAX)
#define CORE_SIGNER_CHAIN_MAX 4 /* certificates above those that are issued */

enum core_signer_type {
	CORE_SIGNER_ISSUE = 1,     /* -> ISSUED or REFUSED */
	CORE_SIGNER_CHAIN,         /* empty -> CHAIN_IS: issuer certificates */
	CORE_SIGNER_ISSUED = 100,
	CORE_SIGNER_REFUSED,
	CORE_SIGNER_CHAIN_IS,
};

struct issue_request {
	struct span account_spki;   /* DER; its thumbprint must be attested */
	struct span protected_b64;  /* the finalize JWS as the client sent it */
	struct span payload_b64;
	struct span signature;
	int64_t not_before;         /* as the order asked, 0 if it did not */
	int64_t not_after;
	struct span profile;        /* empty: the default */
	size_t num_attestations;
	struct attestation *attestations;
};

struct issue_answer {
	enum core_signer_type type;
	union {
		struct {
			struct span der;     /* the certificate */
			uint32_t issuer;     /* index in the chain answer */
		} issued;
		struct problem problem;      /* REFUSED */
		struct {
			size_t count;        /* intermediate first, root last */
			struct span der[CORE_SIGNER_CHAIN_MAX];
		} chain;
	};
};

void issue_request_encode(struct bld *out, const struct issue_request *req);
int issue_request_decode(struct span payload, struct arena *arena,
    struct issue_request *ret, struct err *err);
void issue_answer_encode(struct bld *out, const struct issue_answer *answer);
int issue_answer_decode(uint16_t type, struct span payload,
    struct arena *arena, struct issue_answer *ret, struct err *err);

#endif
