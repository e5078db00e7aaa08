/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_RPC_CORE_VALIDATOR_H
#define SIGNET_RPC_CORE_VALIDATOR_H

/*
 * core_validator: what core asks a validator (a perspective). One question,
 * one answer with the same id, in any order. A validator that is gone has
 * answered nothing: core asks again.
 */

#include "rpc/attestation.h"

enum core_validator_type {
	CORE_VALIDATOR_VALIDATE = 1,   /* -> ATTESTED or FAILED */
	CORE_VALIDATOR_ATTESTED = 100, /* one attestation */
	CORE_VALIDATOR_FAILED,         /* a problem: kind and client-safe text */
};

struct validate_request {
	struct ident ident;       /* the base name for a wildcard */
	bool wildcard;
	enum challenge_type method;
	uint8_t token[ACME_TOKEN_SIZE];
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
	int64_t account_id;       /* for CAA accounturi, RFC 8657 */
};

struct validate_answer {
	enum core_validator_type type;
	union {
		struct attestation attestation;
		struct problem problem;
	};
};

void validate_request_encode(struct bld *out,
    const struct validate_request *request);
int validate_request_decode(uint16_t type, struct span payload,
    struct validate_request *ret, struct err *err);
void validate_answer_encode(struct bld *out,
    const struct validate_answer *answer);
int validate_answer_decode(uint16_t type, struct span payload,
    struct arena *arena, struct validate_answer *ret, struct err *err);

#endif
