/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_RPC_ATTESTATION_H
#define SIGNET_RPC_ATTESTATION_H

/*
 * attestation: one perspective's sworn statement "at this time the holder of
 * this account key showed me control of this identifier by this method, and
 * CAA said this". HMAC-SHA-256 under a key that only this perspective and the
 * signer have, so neither web, core nor the database can make one.
 *
 * MAC input: the text "signet attestation v1", a NUL, then the encoding of
 * all members before mac, in their order.
 */

#include "acme/objects.h"

#define ATTESTATION_PERSPECTIVE_MAX 32 /* bytes of a perspective's name */
#define ATTESTATION_PERSPECTIVE_LOCAL "local" /* that of core's host */
#define ATTESTATION_KEY_SIZE 32        /* bytes of the shared key */
#define ATTESTATION_MAC_SIZE 32        /* bytes: HMAC-SHA-256 */
#define ATTESTATION_SIZE_MAX 512       /* bytes of one encoded attestation */
#define ATTESTATIONS_PER_IDENT_MAX 16  /* perspectives that may speak */

enum caa_verdict {
	CAA_NOT_CHECKED = 1, /* never enough where policy asks for CAA */
	CAA_PERMITS,         /* checked: may issue */
	CAA_FORBIDS          /* checked: may not; never signed by an honest one */
};

struct attestation {
	struct span perspective;
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
	struct ident ident;   /* the base name for a wildcard */
	bool wildcard;        /* CAA was looked at as issuewild */
	enum challenge_type method;
	enum caa_verdict caa;
	int64_t at;           /* Unix milliseconds */
	uint8_t mac[ATTESTATION_MAC_SIZE];
};

/* Fills attestation->mac. */
void attestation_seal(struct attestation *attestation,
    const uint8_t key[ATTESTATION_KEY_SIZE]);

/* Whether the mac is right, in constant time. */
bool attestation_verify(const struct attestation *attestation,
    const uint8_t key[ATTESTATION_KEY_SIZE]);

void attestation_encode(struct bld *out, const struct attestation *att);
/* Spans borrow from what is under the cursor. */
void attestation_decode(struct cur *cur, struct attestation *ret);

#endif
