/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/judge_net.h"

#include "agent/rpc/client_code.h"

static void
put_ca(struct bld *out, const struct judge_net_ca *ca)
{
	bld_i64(out, ca->account);
	client_code_put_options(out, &ca->options);
	bld_span32(out, ca->trust);
	bld_span16(out, ca->proxy);
}

static void
get_ca(struct cur *cur, uint32_t number, struct judge_net_ca *ret)
{
	*ret = (struct judge_net_ca){ .ca = number, .account = cur_i64(cur) };
	client_code_get_options(cur, &ret->options);
	ret->trust = cur_span32(cur);
	if (ret->trust.len > JUDGE_NET_TRUST_MAX)
		cur->failed = true;
	ret->proxy = cur_text(cur, CLIENT_URL_MAX);
}

static void
put_revoke(struct bld *out, const struct judge_net_revoke *revoke)
{
	bld_span32(out, revoke->der);
	bld_u8(out, (uint8_t)revoke->reason);
	bld_u8(out, revoke->by_certificate_key);
}

static void
get_revoke(struct cur *cur, struct judge_net_revoke *ret)
{
	*ret = (struct judge_net_revoke){ .der = cur_span32(cur) };
	if (ret->der.len > CSR_DER_MAX)
		cur->failed = true;
	ret->reason = (int8_t)cur_u8(cur);
	ret->by_certificate_key = cur_bool(cur);
}

void
judge_net_ask_encode(struct bld *out, const struct judge_net_ask *ask)
{
	bld_u32(out, ask->ca);
	switch (ask->type) {
	case JUDGE_NET_CA:
		put_ca(out, &ask->new_ca);
		break;
	case JUDGE_NET_REGISTER:
		bld_u8(out, ask->only_existing);
		break;
	case JUDGE_NET_UPDATE:
		client_code_put_registration(out, &ask->registration);
		break;
	case JUDGE_NET_ROLLOVER:
		bld_bytes(out, ask->thumbprint, sizeof(ask->thumbprint));
		break;
	case JUDGE_NET_ORDER:
		client_code_put_order(out, &ask->order);
		break;
	case JUDGE_NET_SOLVED:
	case JUDGE_NET_DECLINED:
		bld_u16(out, ask->solved.authz);
		bld_u8(out, (uint8_t)ask->solved.method);
		bld_span16(out, ask->solved.text);
		break;
	case JUDGE_NET_RENEWAL_INFO:
		bld_span16(out, ask->cert_id);
		break;
	case JUDGE_NET_REVOKE:
		put_revoke(out, &ask->revoke);
		break;
	case JUDGE_NET_DEACTIVATE_AUTHZ:
		bld_span16(out, ask->url);
		break;
	case JUDGE_NET_SIGNED:
		bld_u8(out, ask->answer.ok);
		bld_span32(out, ask->answer.text);
		break;
	case JUDGE_NET_OCSP:
		bld_span16(out, ask->ocsp.url);
		bld_span16(out, ask->ocsp.directory);
		bld_span16(out, ask->ocsp.request);
		break;
	case JUDGE_NET_OPEN:
	case JUDGE_NET_DEACTIVATE:
	case JUDGE_NET_ORDERS:
	case JUDGE_NET_CANCEL:
		break;
	case JUDGE_NET_ASK_END:
	case NET_JUDGE_RESULT:
	case NET_JUDGE_OFFER:
	case NET_JUDGE_CLEAN:
	case NET_JUDGE_PROGRESS:
	case NET_JUDGE_SIGN:
	case NET_JUDGE_ACCOUNT:
	case NET_JUDGE_OCSP:
		out->failed = true; /* not judge's */
		break;
	}
}

static void
get_solved(struct cur *cur, struct judge_net_solved *ret)
{
	*ret = (struct judge_net_solved){ .authz = cur_u16(cur) };
	ret->method = (enum client_method)cur_enum(cur, 0,
	    CLIENT_METHOD_COUNT - 1);
	ret->text = cur_text(cur, CLIENT_TEXT_MAX);
}

int
judge_net_ask_decode(uint16_t type, struct span payload,
    struct judge_net_ask *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_net_ask){
		.type = (enum judge_net_type)type, .ca = cur_u32(&cur)
	};
	switch (ret->type) {
	case JUDGE_NET_CA:
		get_ca(&cur, ret->ca, &ret->new_ca);
		break;
	case JUDGE_NET_REGISTER:
		ret->only_existing = cur_bool(&cur);
		break;
	case JUDGE_NET_UPDATE:
		client_code_get_registration(&cur, &ret->registration);
		break;
	case JUDGE_NET_ROLLOVER:
		cur_copy(&cur, ret->thumbprint, sizeof(ret->thumbprint));
		break;
	case JUDGE_NET_ORDER:
		client_code_get_order(&cur, &ret->order);
		break;
	case JUDGE_NET_SOLVED:
	case JUDGE_NET_DECLINED:
		get_solved(&cur, &ret->solved);
		break;
	case JUDGE_NET_RENEWAL_INFO:
		ret->cert_id = cur_text(&cur, CLIENT_CERT_ID_MAX);
		break;
	case JUDGE_NET_REVOKE:
		get_revoke(&cur, &ret->revoke);
		break;
	case JUDGE_NET_DEACTIVATE_AUTHZ:
		ret->url = cur_text(&cur, CLIENT_URL_MAX);
		break;
	case JUDGE_NET_SIGNED:
		ret->answer.ok = cur_bool(&cur);
		ret->answer.text = cur_span32(&cur);
		break;
	case JUDGE_NET_OCSP:
		ret->ocsp.url = cur_text(&cur, CLIENT_URL_MAX);
		ret->ocsp.directory = cur_text(&cur, CLIENT_URL_MAX);
		ret->ocsp.request = cur_text(&cur, FILES_OCSP_REQUEST_MAX);
		break;
	case JUDGE_NET_OPEN:
	case JUDGE_NET_DEACTIVATE:
	case JUDGE_NET_ORDERS:
	case JUDGE_NET_CANCEL:
		break;
	case JUDGE_NET_ASK_END:
	case NET_JUDGE_RESULT:
	case NET_JUDGE_OFFER:
	case NET_JUDGE_CLEAN:
	case NET_JUDGE_PROGRESS:
	case NET_JUDGE_SIGN:
	case NET_JUDGE_ACCOUNT:
	case NET_JUDGE_OCSP:
	default:
		cur.failed = true;
		break;
	}
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_FRAME, NULL,
		    "judge's message to net (type %u) is not of its form",
		    type);
	return 0;
}

void
judge_net_tell_encode(struct bld *out, const struct judge_net_tell *tell)
{
	switch (tell->type) {
	case NET_JUDGE_RESULT:
		client_code_put_result(out, &tell->result);
		break;
	case NET_JUDGE_OFFER:
		bld_u16(out, (uint16_t)tell->offers.count);
		for (size_t i = 0; i < tell->offers.count; i++)
			client_code_put_offer(out, &tell->offers.offers[i]);
		break;
	case NET_JUDGE_PROGRESS:
		client_code_put_progress(out, &tell->progress);
		break;
	case NET_JUDGE_SIGN:
		client_code_put_sign(out, &tell->sign);
		break;
	case NET_JUDGE_ACCOUNT:
		bld_u32(out, tell->account.ca);
		client_code_put_account(out, &tell->account.account);
		break;
	case NET_JUDGE_OCSP:
		bld_u8(out, tell->ocsp.ok);
		bld_span16(out, tell->ocsp.text);
		break;
	case NET_JUDGE_CLEAN:
		break;
	case JUDGE_NET_CA:
	case JUDGE_NET_OPEN:
	case JUDGE_NET_REGISTER:
	case JUDGE_NET_UPDATE:
	case JUDGE_NET_ROLLOVER:
	case JUDGE_NET_DEACTIVATE:
	case JUDGE_NET_ORDER:
	case JUDGE_NET_SOLVED:
	case JUDGE_NET_DECLINED:
	case JUDGE_NET_RENEWAL_INFO:
	case JUDGE_NET_REVOKE:
	case JUDGE_NET_ORDERS:
	case JUDGE_NET_DEACTIVATE_AUTHZ:
	case JUDGE_NET_CANCEL:
	case JUDGE_NET_SIGNED:
	case JUDGE_NET_OCSP:
	case JUDGE_NET_ASK_END:
		out->failed = true; /* not net's */
		break;
	}
}

static void
get_offers(struct cur *cur, struct arena *arena, struct judge_net_offers *ret)
{
	size_t count = cur_count(cur, JUDGE_NET_OFFERS_MAX);
	struct client_offer *offers;

	if (count == 0)
		return;
	offers = arena_alloc(arena, count * sizeof(*offers));
	for (size_t i = 0; i < count; i++)
		client_code_get_offer(cur, &offers[i]);
	*ret = (struct judge_net_offers){ count, offers };
}

int
judge_net_tell_decode(uint16_t type, struct span payload, struct arena *arena,
    struct judge_net_tell *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_net_tell){ .type = (enum judge_net_type)type };
	switch (type) {
	case NET_JUDGE_RESULT:
		client_code_get_result(&cur, arena, &ret->result);
		break;
	case NET_JUDGE_OFFER:
		get_offers(&cur, arena, &ret->offers);
		break;
	case NET_JUDGE_PROGRESS:
		client_code_get_progress(&cur, &ret->progress);
		break;
	case NET_JUDGE_SIGN:
		client_code_get_sign(&cur, &ret->sign);
		if (ret->sign.type != CLIENT_SIGN_CERTIFICATE)
			cur.failed = true;
		break;
	case NET_JUDGE_ACCOUNT:
		ret->account.ca = cur_u32(&cur);
		client_code_get_account(&cur, &ret->account.account);
		break;
	case NET_JUDGE_OCSP:
		ret->ocsp.ok = cur_bool(&cur);
		ret->ocsp.text = cur_text(&cur, FILES_OCSP_MAX);
		break;
	case NET_JUDGE_CLEAN:
		break;
	default:
		cur.failed = true;
		break;
	}
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_FRAME, NULL,
		    "net's message to judge (type %u) is not of its form",
		    type);
	return 0;
}
