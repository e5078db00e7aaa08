/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From finalize to certificate (docs/decisions/0002). A finalize whose JWS
 * nobody has verified changes no state and gets no answer but what the signer
 * says to it: its sender may be anyone. Whatever else must be said, web has
 * to verify it first.
 */

#include "ca/ca_private.h"

#include <inttypes.h>
#include <openssl/evp.h>

#include "ca/order_sm.h"

#define EVIDENCE_MAX (256 * 1024) /* bytes of one encoded finalize */

static int
hash_payload(struct span payload, uint8_t out[CA_PAYLOAD_HASH_SIZE],
    struct err *err)
{
	/* Fetched once: the implicit fetch costs as much as the hash. */
	static EVP_MD *md;

	if (md == NULL)
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (md == NULL || EVP_Digest(payload.data, payload.len, out, NULL, md,
	    NULL) != 1)
		return err_set(err, ERR_INTERNAL, NULL, "SHA-256 failed");
	return 0;
}

/* The stored form of a finalize JWS. */
static struct span
evidence_encode(struct span protected_b64, struct span payload_b64,
    struct span signature, struct arena *arena)
{
	struct bld bld;
	struct span out;

	bld_init(&bld, EVIDENCE_MAX);
	bld_span32(&bld, protected_b64);
	bld_span32(&bld, payload_b64);
	bld_span32(&bld, signature);
	out = bld_end(&bld) < 0 ? SPAN_NONE :
	    arena_dup(arena, bld_view(&bld));
	bld_free(&bld);
	return out;
}

static int
evidence_decode(struct span evidence, struct issue_request *ret,
    struct err *err)
{
	struct cur cur = CUR_OF(evidence);

	ret->protected_b64 = cur_span32(&cur);
	ret->payload_b64 = cur_span32(&cur);
	ret->signature = cur_span32(&cur);
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_IO, NULL,
		    "the store: a finalize is not of its form");
	return 0;
}

int
ca_finalize_hash(struct span evidence, uint8_t out[CA_PAYLOAD_HASH_SIZE],
    struct err *err)
{
	struct issue_request jws;
	int r = evidence_decode(evidence, &jws, err);

	return r < 0 ? r : hash_payload(jws.payload_b64, out, err);
}

static int
not_ready(const struct order *order, struct err *err)
{
	return err_set(err, ERR_ORDER_NOT_READY, "RFC 8555 7.4",
	    "the order is %s, and only a ready order can be finalized",
	    order_status_name(order->status));
}

/* Adds the attestations of one authorization of the order to the question. A
 * question that is asked again goes out whatever became of the authorization
 * since: the signer may have issued before. Without those of one that was
 * deactivated, it will not issue now (RFC 8555 7.5.2). */
static int
add_attestations(struct ca *ca, const struct order *order, size_t n,
    bool again, struct arena *arena, struct issue_request *issue,
    struct err *err)
{
	struct store_authz row;
	size_t count;
	int r = store_authz_get(ca->env->store, order->authz_ids[n], arena,
	    &row, err);

	if (r == -ERR_NOT_FOUND && again)
		return 0;
	if (r < 0)
		return r;
	ca_authz_view(&row.authz, env_now(ca->env));
	if (row.authz.status == AUTHZ_DEACTIVATED && again)
		return 0;
	if (row.authz.status != AUTHZ_VALID && !again)
		return err_set(err, ERR_ORDER_NOT_READY, "RFC 8555 7.4",
		    "the authorization of %.*s is %s: make a new order",
		    SPAN_FMT(row.authz.ident.value),
		    authz_status_name(row.authz.status));
	r = ca_authz_attestations(&row,
	    issue->attestations + issue->num_attestations, &count, err);
	if (r == 0)
		issue->num_attestations += count;
	return r;
}

/* All of the question but the JWS. An account that was deactivated since has
 * no evidence any more: RFC 8555 7.3.6, "cancel any pending operations". */
static int
gather(struct ca *ca, const struct order *order,
    const struct account *account, bool again, struct arena *arena,
    struct issue_request *ret, struct err *err)
{
	int r = 0;

	ret->account_spki = account->key_spki;
	ret->not_before = order->not_before;
	ret->not_after = order->not_after;
	ret->profile = order->profile;
	ret->num_attestations = 0;
	if (account->status != ACCOUNT_VALID)
		return 0;
	ret->attestations = arena_alloc(arena, order->idents.count *
	    ATTESTATIONS_PER_IDENT_MAX * sizeof(*ret->attestations));
	for (size_t i = 0; r == 0 && i < order->idents.count; i++)
		r = add_attestations(ca, order, i, again, arena, ret, err);
	return r;
}

/* RFC 8555 11.1: certificates have no key of any account. */
static int
check_csr_key(const struct ca_call *call, struct err *err)
{
	struct span spki = call->request->finalize.csr_spki;
	int r = spki.len == 0 ? -ERR_NOT_FOUND :
	    store_account_find_key(call->ca->env->store, spki, err);

	if (r == 0)
		return err_set(err, ERR_BAD_CSR, "RFC 8555 11.1",
		    "the CSR's key is an account's key; make another");
	return r == -ERR_NOT_FOUND ? 0 : r;
}

/* Stores the finalize, and asks the signer unless one that came before has no
 * answer yet: one at a time, so that an order gets one certificate. */
static int
accept(struct ca_call *call, const struct order *order, bool ask,
    struct err *err)
{
	const struct web_core_request *request = call->request;
	struct ca_effect *effect = &call->ret->effect;
	enum store_slot slot = request->finalize.verified ? STORE_VERIFIED :
	    STORE_UNVERIFIED;
	struct span evidence;
	int r = check_csr_key(call, err);

	if (r < 0)
		return r;
	effect->issue.protected_b64 = request->finalize.protected_b64;
	effect->issue.payload_b64 = request->finalize.payload_b64;
	effect->issue.signature = request->finalize.signature;
	evidence = evidence_encode(request->finalize.protected_b64,
	    request->finalize.payload_b64, request->finalize.signature,
	    call->arena);
	if (evidence.len == 0)
		return err_set(err, ERR_TOO_LARGE, "RFC 8555 7.4",
		    "the finalize request is longer than %d bytes",
		    EVIDENCE_MAX);
	r = gather(call->ca, order, &call->account, false, call->arena,
	    &effect->issue, err);
	if (r == 0)
		r = store_finalize_add(call->ca->env->store, order->id, slot,
		    evidence, err);
	if (r == 0 && ask) {
		effect->issue_order_id = order->id;
		effect->issue_slot = slot;
	}
	return r;
}

/* The same finalize again joins the one that is kept; another has to wait. */
static int
join(const struct ca_call *call, const struct store_finalize *kept,
    struct err *err)
{
	struct issue_request first;
	int r = evidence_decode(kept->verified, &first, err);

	if (r == 0 && !span_equal(first.payload_b64,
	    call->request->finalize.payload_b64))
		r = err_set(err, ERR_ORDER_NOT_READY, "RFC 8555 7.4",
		    "another finalize of this order is in progress");
	return r;
}

/* A finalize of a ready order. */
static int
finalize_ready(struct ca_call *call, const struct order *order,
    const struct ca_wait *wait, struct err *err)
{
	bool verified = call->request->finalize.verified;
	struct store_finalize row;
	int r = store_finalize_get(call->ca->env->store, order->id,
	    call->arena, &row, err);

	if (r == -ERR_NOT_FOUND && !verified && !call->ca->signer_up)
		return not_ready(order, err);
	if (r == -ERR_NOT_FOUND)
		r = accept(call, order, true, err);
	else if (r == 0 && !verified)
		r = not_ready(order, err);
	else if (r == 0 && row.verified.len == 0)
		r = accept(call, order, false, err);
	else if (r == 0)
		r = join(call, &row, err);
	if (r < 0)
		return r;
	call->ret->wait = *wait;
	ca_answer_order(call, order);
	return 0;
}

/* A verified finalize of an order that shows as processing. */
static int
finalize_processing(struct ca_call *call, const struct order *order,
    const struct ca_wait *wait, struct err *err)
{
	struct store_finalize row;
	int r = store_finalize_get(call->ca->env->store, order->id,
	    call->arena, &row, err);

	if (r == 0)
		r = join(call, &row, err);
	if (r < 0)
		return r;
	call->ret->wait = *wait;
	ca_answer_order(call, order);
	return 0;
}

/* The same payload that led to the certificate gives the order again: some
 * clients poll so. */
static int
finalize_valid(struct ca_call *call, const struct store_order *row,
    const struct ca_wait *wait, struct err *err)
{
	if (!span_equal(row->finalized, span_of(wait->payload_hash,
	    CA_PAYLOAD_HASH_SIZE)))
		return not_ready(&row->order, err);
	ca_answer_order(call, &row->order);
	return 0;
}

static int
finalize(struct ca_call *call, struct err *err)
{
	const struct web_core_request *request = call->request;
	struct store_order row;
	struct order *order = &row.order;
	struct ca_wait wait = {
		.object_id = request->finalize.order_id,
		.type = WEB_CORE_ORDER_FINALIZE,
		.account_id = call->account.id,
		.verified = request->finalize.verified,
	};
	int r;

	r = ca_own_order(call->ca, call->account.id,
	    request->finalize.order_id, call->arena, &row, err);
	if (r == 0)
		r = hash_payload(request->finalize.payload_b64,
		    wait.payload_hash, err);
	if (r < 0)
		return r;
	ca_order_view(order, call->now);
	if (order->status == ORDER_READY)
		return finalize_ready(call, order, &wait, err);
	if (order->status == ORDER_PROCESSING && wait.verified)
		return finalize_processing(call, order, &wait, err);
	if (order->status == ORDER_VALID && wait.verified)
		return finalize_valid(call, &row, &wait, err);
	return not_ready(order, err);
}

int
ca_finalize_request(struct ca_call *call, struct err *err)
{
	int r = finalize(call, err);

	if (call->request->finalize.verified)
		return r;
	/* What is told to anyone: nothing but that web must verify it. The
	 * wait, if there is one, is for the signer's word. */
	if (r == 0 || err_is_refusal(r)) {
		call->ret->answer.type = WEB_CORE_VERIFY_FIRST;
		return 0;
	}
	return r;
}

/* Whoever waited so long is told "processing"; from then on it is true. */
static int
show_processing(struct ca_call *call, struct store_order *row,
    struct err *err)
{
	enum order_status from = row->order.status;
	int r = order_sm_step(&row->order.status, ORDER_FINALIZE, err);

	if (r == 0)
		r = store_order_advance(call->ca->env->store, from, row, err);
	if (r == 0)
		ca_answer_order(call, &row->order);
	return r;
}

int
ca_finalize_wait(struct ca_call *call, const struct ca_wait *wait,
    bool last, struct err *err)
{
	struct store_order row;
	int r = store_order_get(call->ca->env->store, wait->object_id,
	    call->arena, &row, err);

	if (r < 0)
		return r;
	if (row.order.status == ORDER_VALID)
		return finalize_valid(call, &row, wait, err);
	call->ret->answer.type = WEB_CORE_VERIFY_FIRST;
	if (row.order.status == ORDER_READY ||
	    (row.order.status == ORDER_PROCESSING && wait->verified)) {
		if (!last)
			call->ret->wait = *wait;
		else if (wait->verified && row.order.status == ORDER_READY)
			return show_processing(call, &row, err);
	}
	if (wait->verified)
		ca_answer_order(call, &row.order);
	return 0;
}

int
ca_issue_question(struct ca *ca, int64_t order_id, struct arena *arena,
    struct ca_effect *ret, struct err *err)
{
	struct store_finalize finalize_row;
	struct store_order row;
	struct account account;
	bool unverified;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = store_finalize_get(ca->env->store, order_id, arena, &finalize_row,
	    err);
	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r == 0)
		r = store_order_get(ca->env->store, order_id, arena, &row,
		    err);
	if (r == 0)
		r = store_account_get(ca->env->store, row.order.account_id,
		    arena, &account, err);
	if (r != 0)
		return r;
	unverified = finalize_row.unverified.len > 0;
	r = evidence_decode(unverified ? finalize_row.unverified :
	    finalize_row.verified, &ret->issue, err);
	if (r == 0)
		r = gather(ca, &row.order, &account, true, arena,
		    &ret->issue, err);
	if (r < 0)
		return r;
	ret->issue_order_id = order_id;
	ret->issue_slot = unverified ? STORE_UNVERIFIED : STORE_VERIFIED;
	return 0;
}
