/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/web_core.h"

#include <assert.h>

static int
bad_form(uint16_t type, struct err *err)
{
	return err_set(err, ERR_FRAME, NULL,
	    "message %u between web and core is not of its form", type);
}

static void
encode_order_new(struct bld *out, const struct web_core_request *request)
{
	bld_i64(out, request->order_new.not_before);
	bld_i64(out, request->order_new.not_after);
	bld_span16(out, request->order_new.profile);
	ident_list_encode(out, &request->order_new.idents);
}

static void
decode_order_new(struct cur *cur, struct web_core_request *ret)
{
	ret->order_new.not_before = cur_i64(cur);
	ret->order_new.not_after = cur_i64(cur);
	ret->order_new.profile = cur_text(cur, ACME_PROFILE_MAX);
	ident_list_decode(cur, &ret->order_new.idents);
}

static void
encode_finalize(struct bld *out, const struct web_core_request *request)
{
	bld_i64(out, request->finalize.order_id);
	bld_u8(out, request->finalize.verified);
	bld_span32(out, request->finalize.protected_b64);
	bld_span32(out, request->finalize.payload_b64);
	bld_span16(out, request->finalize.signature);
	bld_span16(out, request->finalize.csr_spki);
}

static void
decode_finalize(struct cur *cur, struct web_core_request *ret)
{
	ret->finalize.order_id = cur_i64(cur);
	ret->finalize.verified = cur_bool(cur);
	ret->finalize.protected_b64 = cur_span32(cur);
	ret->finalize.payload_b64 = cur_span32(cur);
	ret->finalize.signature = cur_span16(cur);
	ret->finalize.csr_spki = cur_span16(cur);
}

static void
encode_account_new(struct bld *out, const struct web_core_request *request)
{
	bld_span16(out, request->account_new.key_spki);
	bld_u8(out, request->account_new.only_return_existing);
	bld_u8(out, request->account_new.terms_agreed);
	account_contacts_encode(out, request->account_new.contacts,
	    request->account_new.num_contacts);
}

static void
decode_account_new(struct cur *cur, struct web_core_request *ret)
{
	ret->account_new.key_spki = cur_span16(cur);
	ret->account_new.only_return_existing = cur_bool(cur);
	ret->account_new.terms_agreed = cur_bool(cur);
	ret->account_new.num_contacts = account_contacts_decode(cur,
	    ret->account_new.contacts);
}

static void
encode_account_update(struct bld *out, const struct web_core_request *request)
{
	bld_u8(out, request->account_update.deactivate);
	bld_u8(out, request->account_update.set_contacts);
	account_contacts_encode(out, request->account_update.contacts,
	    request->account_update.num_contacts);
}

static void
decode_account_update(struct cur *cur, struct web_core_request *ret)
{
	ret->account_update.deactivate = cur_bool(cur);
	ret->account_update.set_contacts = cur_bool(cur);
	ret->account_update.num_contacts = account_contacts_decode(cur,
	    ret->account_update.contacts);
}

void
web_core_request_encode(struct bld *out,
    const struct web_core_request *request)
{
	bld_i64(out, request->actor.account_id);
	bld_bytes(out, request->actor.thumbprint, JWK_THUMBPRINT_SIZE);
	switch (request->type) {
	case WEB_CORE_ACCOUNT_KEY:
		bld_i64(out, request->account_id);
		return;
	case WEB_CORE_ACCOUNT_NEW:
		encode_account_new(out, request);
		return;
	case WEB_CORE_ACCOUNT_UPDATE:
		encode_account_update(out, request);
		return;
	case WEB_CORE_ACCOUNT_ORDERS:
		bld_i64(out, request->before_id);
		return;
	case WEB_CORE_ORDER_NEW:
		encode_order_new(out, request);
		return;
	case WEB_CORE_ORDER_FINALIZE:
		encode_finalize(out, request);
		return;
	case WEB_CORE_ORDER_GET:
	case WEB_CORE_AUTHZ_GET:
	case WEB_CORE_AUTHZ_DEACTIVATE:
	case WEB_CORE_CERTIFICATE_GET:
		bld_i64(out, request->object_id);
		return;
	case WEB_CORE_CHALLENGE_GET:
	case WEB_CORE_CHALLENGE_RESPOND:
		bld_i64(out, request->challenge.authz_id);
		bld_u8(out, (uint8_t)request->challenge.type);
		return;
	case WEB_CORE_ACCOUNT:
	case WEB_CORE_ORDERS:
	case WEB_CORE_ORDER:
	case WEB_CORE_AUTHZ:
	case WEB_CORE_CERTIFICATE:
	case WEB_CORE_PROBLEM:
	case WEB_CORE_VERIFY_FIRST:
		break;
	}
	assert(!"a web_core request of an answer's type");
}

int
web_core_request_decode(uint16_t type, struct span payload,
    struct arena *arena, struct web_core_request *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	(void)arena; /* no request has an array of unbounded length */
	ret->type = (enum web_core_type)type;
	ret->actor.account_id = cur_i64(&cur);
	cur_copy(&cur, ret->actor.thumbprint, JWK_THUMBPRINT_SIZE);
	switch (ret->type) {
	case WEB_CORE_ACCOUNT_KEY:
		ret->account_id = cur_i64(&cur);
		break;
	case WEB_CORE_ACCOUNT_NEW:
		decode_account_new(&cur, ret);
		break;
	case WEB_CORE_ACCOUNT_UPDATE:
		decode_account_update(&cur, ret);
		break;
	case WEB_CORE_ACCOUNT_ORDERS:
		ret->before_id = cur_i64(&cur);
		break;
	case WEB_CORE_ORDER_NEW:
		decode_order_new(&cur, ret);
		break;
	case WEB_CORE_ORDER_FINALIZE:
		decode_finalize(&cur, ret);
		break;
	case WEB_CORE_ORDER_GET:
	case WEB_CORE_AUTHZ_GET:
	case WEB_CORE_AUTHZ_DEACTIVATE:
	case WEB_CORE_CERTIFICATE_GET:
		ret->object_id = cur_i64(&cur);
		break;
	case WEB_CORE_CHALLENGE_GET:
	case WEB_CORE_CHALLENGE_RESPOND:
		ret->challenge.authz_id = cur_i64(&cur);
		ret->challenge.type = (enum challenge_type)cur_enum(&cur,
		    CHALLENGE_HTTP_01, CHALLENGE_TYPE_COUNT - 1);
		break;
	case WEB_CORE_ACCOUNT:
	case WEB_CORE_ORDERS:
	case WEB_CORE_ORDER:
	case WEB_CORE_AUTHZ:
	case WEB_CORE_CERTIFICATE:
	case WEB_CORE_PROBLEM:
	case WEB_CORE_VERIFY_FIRST:
	default:
		cur.failed = true;
	}
	return cur_end(&cur) == 0 ? 0 : bad_form(type, err);
}

static void
encode_orders(struct bld *out, const struct web_core_answer *answer)
{
	assert(answer->orders.count <= WEB_CORE_ORDERS_PAGE);
	bld_u16(out, (uint16_t)answer->orders.count);
	for (size_t i = 0; i < answer->orders.count; i++)
		bld_i64(out, answer->orders.ids[i]);
	bld_u8(out, answer->orders.more);
}

static void
decode_orders(struct cur *cur, struct web_core_answer *ret)
{
	ret->orders.count = cur_count(cur, WEB_CORE_ORDERS_PAGE);
	for (size_t i = 0; i < ret->orders.count; i++)
		ret->orders.ids[i] = cur_i64(cur);
	ret->orders.more = cur_bool(cur);
}

static void
encode_certificate(struct bld *out, const struct web_core_answer *answer)
{
	assert(answer->certificate.count <= WEB_CORE_CHAIN_MAX);
	bld_u16(out, (uint16_t)answer->certificate.count);
	for (size_t i = 0; i < answer->certificate.count; i++)
		bld_span32(out, answer->certificate.der[i]);
}

static void
decode_certificate(struct cur *cur, struct web_core_answer *ret)
{
	ret->certificate.count = cur_count(cur, WEB_CORE_CHAIN_MAX);
	for (size_t i = 0; i < ret->certificate.count; i++)
		ret->certificate.der[i] = cur_span32(cur);
}

void
web_core_answer_encode(struct bld *out, const struct web_core_answer *answer)
{
	switch (answer->type) {
	case WEB_CORE_ACCOUNT:
		account_encode(out, &answer->account.account);
		bld_u8(out, answer->account.created);
		return;
	case WEB_CORE_ORDERS:
		encode_orders(out, answer);
		return;
	case WEB_CORE_ORDER:
		order_encode(out, &answer->order);
		return;
	case WEB_CORE_AUTHZ:
		authz_encode(out, &answer->authz);
		return;
	case WEB_CORE_CERTIFICATE:
		encode_certificate(out, answer);
		return;
	case WEB_CORE_PROBLEM:
		problem_encode(out, &answer->problem);
		return;
	case WEB_CORE_VERIFY_FIRST:
		return;
	case WEB_CORE_ACCOUNT_KEY:
	case WEB_CORE_ACCOUNT_NEW:
	case WEB_CORE_ACCOUNT_UPDATE:
	case WEB_CORE_ACCOUNT_ORDERS:
	case WEB_CORE_ORDER_NEW:
	case WEB_CORE_ORDER_GET:
	case WEB_CORE_ORDER_FINALIZE:
	case WEB_CORE_AUTHZ_GET:
	case WEB_CORE_AUTHZ_DEACTIVATE:
	case WEB_CORE_CHALLENGE_GET:
	case WEB_CORE_CHALLENGE_RESPOND:
	case WEB_CORE_CERTIFICATE_GET:
		break;
	}
	assert(!"a web_core answer of a request's type");
}

int
web_core_answer_decode(uint16_t type, struct span payload,
    struct arena *arena, struct web_core_answer *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	ret->type = (enum web_core_type)type;
	switch (ret->type) {
	case WEB_CORE_ACCOUNT:
		account_decode(&cur, &ret->account.account);
		ret->account.created = cur_bool(&cur);
		break;
	case WEB_CORE_ORDERS:
		decode_orders(&cur, ret);
		break;
	case WEB_CORE_ORDER:
		order_decode(&cur, arena, &ret->order);
		break;
	case WEB_CORE_AUTHZ:
		authz_decode(&cur, arena, &ret->authz);
		break;
	case WEB_CORE_CERTIFICATE:
		decode_certificate(&cur, ret);
		break;
	case WEB_CORE_PROBLEM:
		problem_decode(&cur, arena, &ret->problem);
		if (ret->problem.kind == ERR_NONE)
			cur.failed = true;
		break;
	case WEB_CORE_VERIFY_FIRST:
		break;
	case WEB_CORE_ACCOUNT_KEY:
	case WEB_CORE_ACCOUNT_NEW:
	case WEB_CORE_ACCOUNT_UPDATE:
	case WEB_CORE_ACCOUNT_ORDERS:
	case WEB_CORE_ORDER_NEW:
	case WEB_CORE_ORDER_GET:
	case WEB_CORE_ORDER_FINALIZE:
	case WEB_CORE_AUTHZ_GET:
	case WEB_CORE_AUTHZ_DEACTIVATE:
	case WEB_CORE_CHALLENGE_GET:
	case WEB_CORE_CHALLENGE_RESPOND:
	case WEB_CORE_CERTIFICATE_GET:
	default:
		cur.failed = true;
	}
	return cur_end(&cur) == 0 ? 0 : bad_form(type, err);
}
