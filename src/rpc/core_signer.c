/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/core_signer.h"

/* Bytes of the shortest attestation: two one-byte texts. */
#define ATTESTATION_SIZE_MIN (2 + 1 + JWK_THUMBPRINT_SIZE + 1 + 2 + 1 + 1 + \
	1 + 1 + 8 + ATTESTATION_MAC_SIZE)

void
issue_request_encode(struct bld *out, const struct issue_request *req)
{
	bld_span16(out, req->account_spki);
	bld_span32(out, req->protected_b64);
	bld_span32(out, req->payload_b64);
	bld_span16(out, req->signature);
	bld_u64(out, (uint64_t)req->not_before);
	bld_u64(out, (uint64_t)req->not_after);
	bld_span16(out, req->profile);
	bld_u16(out, (uint16_t)req->num_attestations);
	for (size_t i = 0; i < req->num_attestations; i++)
		attestation_encode(out, &req->attestations[i]);
}

int
issue_request_decode(struct span payload, struct arena *arena,
    struct issue_request *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct issue_request){ .account_spki = cur_span16(&cur) };
	ret->protected_b64 = cur_span32(&cur);
	ret->payload_b64 = cur_span32(&cur);
	ret->signature = cur_span16(&cur);
	ret->not_before = (int64_t)cur_u64(&cur);
	ret->not_after = (int64_t)cur_u64(&cur);
	ret->profile = cur_span16(&cur);
	ret->num_attestations = cur_count(&cur, CORE_SIGNER_ATTESTATIONS_MAX);
	/* What the count says must be there, before memory is taken for it. */
	if (ret->num_attestations > cur.rest.len / ATTESTATION_SIZE_MIN)
		cur.failed = true;
	if (!cur.failed && ret->num_attestations > 0) {
		ret->attestations = arena_alloc(arena,
		    ret->num_attestations * sizeof(ret->attestations[0]));
		for (size_t i = 0; i < ret->num_attestations; i++)
			attestation_decode(&cur, &ret->attestations[i]);
	}
	if (cur_end(&cur) < 0 || ret->profile.len > ACME_PROFILE_MAX)
		return err_set(err, ERR_FRAME, NULL,
		    "an issue request is not of its form");
	return 0;
}

void
issue_answer_encode(struct bld *out, const struct issue_answer *answer)
{
	switch (answer->type) {
	case CORE_SIGNER_ISSUED:
		bld_span32(out, answer->issued.der);
		bld_u32(out, answer->issued.issuer);
		break;
	case CORE_SIGNER_REFUSED:
		problem_encode(out, &answer->problem);
		break;
	case CORE_SIGNER_CHAIN_IS:
		bld_u16(out, (uint16_t)answer->chain.count);
		for (size_t i = 0; i < answer->chain.count; i++)
			bld_span32(out, answer->chain.der[i]);
		break;
	case CORE_SIGNER_ISSUE:
	case CORE_SIGNER_CHAIN:
		out->failed = true; /* questions */
		break;
	}
}

int
issue_answer_decode(uint16_t type, struct span payload, struct arena *arena,
    struct issue_answer *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct issue_answer){ .type = (enum core_signer_type)type };
	switch (ret->type) {
	case CORE_SIGNER_ISSUED:
		ret->issued.der = cur_span32(&cur);
		ret->issued.issuer = cur_u32(&cur);
		break;
	case CORE_SIGNER_REFUSED:
		problem_decode(&cur, arena, &ret->problem);
		break;
	case CORE_SIGNER_CHAIN_IS:
		ret->chain.count = cur_count(&cur, CORE_SIGNER_CHAIN_MAX);
		for (size_t i = 0; i < ret->chain.count; i++)
			ret->chain.der[i] = cur_span32(&cur);
		break;
	case CORE_SIGNER_ISSUE:
	case CORE_SIGNER_CHAIN:
	default:
		cur.failed = true;
		break;
	}
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_FRAME, NULL,
		    "the signer's answer (type %u) is not of its form", type);
	return 0;
}
