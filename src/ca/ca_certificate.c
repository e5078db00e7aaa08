/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "ca/ca_private.h"
#include "ca/order_sm.h"
#include "pkix/der.h"

/* Serial number and end of validity of a certificate: RFC 5280 4.1. */
static int
read_certificate(struct span der, struct store_certificate *ret,
    struct err *err)
{
	struct cur all = CUR_OF(der);
	struct cur certificate = der_enter(&all, DER_SEQUENCE);
	struct cur tbs = der_enter(&certificate, DER_SEQUENCE);
	struct cur validity;

	der_take(&tbs, DER_CONTEXT(0)); /* version */
	ret->serial = der_take_positive(&tbs);
	der_take(&tbs, DER_SEQUENCE);   /* signature */
	der_take(&tbs, DER_SEQUENCE);   /* issuer */
	validity = der_enter(&tbs, DER_SEQUENCE);
	der_take_time(&validity);
	ret->not_after = der_take_time(&validity) * 1000;
	if (validity.failed || tbs.failed || ret->serial.len == 0 ||
	    ret->serial.len > STORE_SERIAL_MAX)
		return err_set(err, ERR_FRAME, NULL,
		    "what the signer issued is not a certificate");
	return 0;
}

/* The order that the certificate is for: valid, unless it was lost while the
 * signer worked; the certificate exists in any case. */
static int
finish_order(struct ca *ca, struct store_order *row, int64_t certificate_id,
    struct span hash, struct err *err)
{
	struct order *order = &row->order;
	enum order_status from = order->status;
	int r = 0;

	if (from != ORDER_READY && from != ORDER_PROCESSING)
		return 0;
	if (from == ORDER_READY)
		r = order_sm_step(&order->status, ORDER_FINALIZE, err);
	if (r == 0)
		r = order_sm_step(&order->status, ORDER_ISSUE, err);
	order->certificate_id = certificate_id;
	row->finalized = hash;
	return r < 0 ? r :
	    store_order_advance(ca->env->store, from, row, err);
}

int
ca_issued(struct ca *ca, int64_t order_id, enum store_slot slot,
    struct span der, uint32_t issuer, struct arena *arena,
    struct ca_effect *ret, struct err *err)
{
	struct store_certificate certificate = {
		.order_id = order_id, .issuer = issuer, .der = der,
	};
	uint8_t hash[CA_PAYLOAD_HASH_SIZE];
	struct store_finalize finalize;
	struct store_order row;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = read_certificate(der, &certificate, err);
	if (r == 0)
		r = store_order_get(ca->env->store, order_id, arena, &row,
		    err);
	if (r == 0)
		r = store_finalize_take(ca->env->store, order_id, arena,
		    &finalize, err);
	if (r == 0)
		r = ca_finalize_hash(slot == STORE_VERIFIED ?
		    finalize.verified : finalize.unverified, hash, err);
	if (r != 0)
		return r;
	certificate.id = ca_new_id(ca);
	certificate.account_id = row.order.account_id;
	r = store_certificate_add(ca->env->store, &certificate, err);
	if (r == 0)
		r = finish_order(ca, &row, certificate.id,
		    span_of(hash, sizeof(hash)), err);
	ca_changed(ret, order_id);
	return r;
}

/* A refusal ends an order that was shown as processing; else the client may
 * try again (RFC 8555 7.4). */
static int
refuse_verified(struct ca *ca, struct store_order *row,
    const struct problem *problem, struct ca_effect *ret, struct err *err)
{
	int r;

	if (row->order.status != ORDER_PROCESSING) {
		ret->refused_order_id = row->order.id;
		ret->refused_slot = STORE_VERIFIED;
		return 0;
	}
	r = order_sm_step(&row->order.status, ORDER_REFUSE, err);
	row->order.problem = *problem;
	if (r == 0)
		r = store_order_advance(ca->env->store, ORDER_PROCESSING, row,
		    err);
	ca_changed(ret, row->order.id);
	return r;
}

int
ca_refused(struct ca *ca, int64_t order_id, enum store_slot slot,
    const struct problem *problem, struct arena *arena,
    struct ca_effect *ret, struct err *err)
{
	struct store_order row;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = store_finalize_del(ca->env->store, order_id, slot, err);
	if (r < 0)
		return r;
	if (slot == STORE_UNVERIFIED) {
		/* Perhaps a true one has waited behind it. */
		r = ca_issue_question(ca, order_id, arena, ret, err);
		ret->refused_order_id = order_id;
		ret->refused_slot = slot;
		return r;
	}
	r = store_order_get(ca->env->store, order_id, arena, &row, err);
	return r < 0 ? r : refuse_verified(ca, &row, problem, ret, err);
}

/* The certificate, then its issuers up to the root, which clients have. */
static void
answer_chain(struct ca_call *call, const struct store_certificate *row)
{
	const struct ca *ca = call->ca;
	struct web_core_answer *out = &call->ret->answer;

	out->type = WEB_CORE_CERTIFICATE;
	out->certificate.der[0] = row->der;
	out->certificate.count = 1;
	for (size_t i = row->issuer; i + 1 < ca->chain_count &&
	    out->certificate.count < WEB_CORE_CHAIN_MAX; i++)
		out->certificate.der[out->certificate.count++] = ca->chain[i];
}

int
ca_certificate_get(struct ca_call *call, struct err *err)
{
	int64_t id = call->request->object_id;
	struct store_certificate row;
	int r = store_certificate_get(call->ca->env->store, id, call->arena,
	    &row, err);

	if (r == -ERR_NOT_FOUND ||
	    (r == 0 && row.account_id != call->account.id))
		return err_set(err, ERR_NO_SUCH_RESOURCE, "RFC 8555 7.4.2",
		    "the account has no certificate %" PRId64, id);
	if (r < 0)
		return r;
	if (call->ca->chain_count > 0) {
		answer_chain(call, &row);
		return 0;
	}
	call->ret->answer.type = WEB_CORE_PROBLEM;
	call->ret->answer.problem = (struct problem){ .kind = ERR_BUSY,
		.detail = SPAN_LIT("The certificate's chain is not known yet; "
		    "send the request again later"),
		.retry_after_s = 1 };
	call->ret->wait = (struct ca_wait){
		.object_id = CA_WAIT_CHAIN,
		.type = WEB_CORE_CERTIFICATE_GET,
		.account_id = call->account.id,
		.certificate_id = id,
	};
	return 0;
}
