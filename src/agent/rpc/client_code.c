/* SPDX-License-Identifier: Apache-2.0 */
/* What goes into a client, and what it asks for; results are in
 * client_code_result.c. */
#include "agent/rpc/client_code.h"

/* An identifier that may be absent (type 0). */
static void
put_ident(struct bld *out, const struct ident *ident)
{
	bld_u8(out, ident->type != 0);
	if (ident->type != 0)
		ident_encode(out, ident);
}

static void
get_ident(struct cur *cur, struct ident *ret)
{
	*ret = (struct ident){ 0 };
	if (cur_bool(cur))
		ident_decode(cur, ret);
}

void
client_code_put_registration(struct bld *out,
    const struct client_registration *registration)
{
	bld_u8(out, registration->terms_agreed);
	account_contacts_encode(out, registration->contacts,
	    registration->num_contacts);
	bld_span16(out, registration->eab_kid);
}

void
client_code_get_registration(struct cur *cur, struct client_registration *ret)
{
	*ret = (struct client_registration){ .terms_agreed = cur_bool(cur) };
	ret->num_contacts = account_contacts_decode(cur, ret->contacts);
	ret->eab_kid = cur_text(cur, CLIENT_TEXT_MAX);
}

void
client_code_put_options(struct bld *out, const struct client_options *options)
{
	bld_span16(out, options->directory_url);
	bld_span16(out, options->kid);
	bld_bytes(out, options->thumbprint, sizeof(options->thumbprint));
	client_code_put_registration(out, &options->registration);
	bld_u32(out, options->step_max_ms);
}

void
client_code_get_options(struct cur *cur, struct client_options *ret)
{
	*ret = (struct client_options){
		.directory_url = cur_text(cur, CLIENT_URL_MAX)
	};
	ret->kid = cur_text(cur, CLIENT_URL_MAX);
	cur_copy(cur, ret->thumbprint, sizeof(ret->thumbprint));
	client_code_get_registration(cur, &ret->registration);
	ret->step_max_ms = cur_u32(cur);
}

void
client_code_put_order(struct bld *out, const struct client_order *order)
{
	bld_u16(out, (uint16_t)order->idents.count);
	for (size_t i = 0; i < order->idents.count; i++) {
		ident_encode(out, &order->idents.items[i]);
		bld_u8(out, (uint8_t)order->methods[i]);
	}
	bld_span32(out, order->csr);
	bld_span16(out, order->profile);
	bld_span16(out, order->replaces);
	bld_span16(out, order->preferred_chain);
	bld_span16(out, order->resume_url);
	bld_i64(out, order->not_before);
	bld_i64(out, order->not_after);
}

void
client_code_get_order(struct cur *cur, struct client_order *ret)
{
	*ret = (struct client_order){
		.idents.count = cur_count(cur, IDENT_LIST_MAX)
	};
	for (size_t i = 0; i < ret->idents.count; i++) {
		ident_decode(cur, &ret->idents.items[i]);
		ret->methods[i] = cur_u8(cur);
		if ((ret->methods[i] & ~CLIENT_METHODS_ALL) != 0)
			cur->failed = true;
	}
	ret->csr = cur_span32(cur);
	if (ret->csr.len > CSR_DER_MAX || ret->idents.count == 0)
		cur->failed = true;
	ret->profile = cur_text(cur, CLIENT_PROFILE_MAX);
	ret->replaces = cur_text(cur, CLIENT_CERT_ID_MAX);
	ret->preferred_chain = cur_text(cur, CLIENT_TEXT_MAX);
	ret->resume_url = cur_text(cur, CLIENT_URL_MAX);
	ret->not_before = cur_i64(cur);
	ret->not_after = cur_i64(cur);
}

void
client_code_put_sign(struct bld *out, const struct client_sign *sign)
{
	bld_u8(out, (uint8_t)sign->type);
	bld_span16(out, sign->url);
	bld_span16(out, sign->nonce);
	bld_span16(out, sign->kid);
	bld_span32(out, sign->payload);
}

void
client_code_get_sign(struct cur *cur, struct client_sign *ret)
{
	*ret = (struct client_sign){
		.type = (enum client_sign_type)cur_enum(cur, CLIENT_SIGN_KID,
		    CLIENT_SIGN_TYPE_COUNT - 1)
	};
	ret->url = cur_text(cur, CLIENT_URL_MAX);
	ret->nonce = cur_text(cur, CLIENT_NONCE_MAX);
	ret->kid = cur_text(cur, CLIENT_URL_MAX);
	ret->payload = cur_span32(cur);
	if (ret->payload.len > CLIENT_PAYLOAD_MAX)
		cur->failed = true;
}

static void
put_challenge(struct bld *out, const struct client_challenge *challenge)
{
	bld_u8(out, (uint8_t)challenge->method);
	bld_span16(out, challenge->token);
	bld_span16(out, challenge->key_authorization);
	bld_u16(out, (uint16_t)challenge->num_issuers);
	for (size_t i = 0; i < challenge->num_issuers; i++)
		bld_span16(out, challenge->issuers[i]);
}

static void
get_challenge(struct cur *cur, struct client_challenge *ret)
{
	*ret = (struct client_challenge){
		.method = (enum client_method)cur_enum(cur, CLIENT_HTTP_01,
		    CLIENT_METHOD_COUNT - 1)
	};
	ret->token = cur_text(cur, CLIENT_TOKEN_MAX);
	ret->key_authorization = cur_text(cur, CLIENT_KEY_AUTHORIZATION_MAX);
	ret->num_issuers = cur_count(cur, CLIENT_ISSUERS_MAX);
	for (size_t i = 0; i < ret->num_issuers; i++)
		ret->issuers[i] = cur_text(cur, IDENT_DNS_MAX);
}

void
client_code_put_offer(struct bld *out, const struct client_offer *offer)
{
	bld_u16(out, offer->authz);
	ident_encode(out, &offer->ident);
	bld_u8(out, offer->wildcard);
	bld_i64(out, offer->expires_at);
	bld_u16(out, (uint16_t)offer->num_challenges);
	for (size_t i = 0; i < offer->num_challenges; i++)
		put_challenge(out, &offer->challenges[i]);
}

void
client_code_get_offer(struct cur *cur, struct client_offer *ret)
{
	*ret = (struct client_offer){ .authz = cur_u16(cur) };
	ident_decode(cur, &ret->ident);
	ret->wildcard = cur_bool(cur);
	ret->expires_at = cur_i64(cur);
	ret->num_challenges = cur_count(cur, CLIENT_METHOD_COUNT - 1);
	for (size_t i = 0; i < ret->num_challenges; i++)
		get_challenge(cur, &ret->challenges[i]);
}

void
client_code_put_progress(struct bld *out,
    const struct client_progress *progress)
{
	bld_u8(out, (uint8_t)progress->step);
	bld_span16(out, progress->url);
	put_ident(out, &progress->ident);
	bld_u8(out, (uint8_t)progress->method);
	bld_i64(out, progress->wait_until);
	bld_span16(out, progress->text);
}

void
client_code_get_progress(struct cur *cur, struct client_progress *ret)
{
	*ret = (struct client_progress){
		.step = (enum client_step)cur_enum(cur, CLIENT_STEP_ACCOUNT,
		    CLIENT_STEP_COUNT - 1)
	};
	ret->url = cur_text(cur, CLIENT_URL_MAX);
	get_ident(cur, &ret->ident);
	ret->method = (enum client_method)cur_enum(cur, 0,
	    CLIENT_METHOD_COUNT - 1);
	ret->wait_until = cur_i64(cur);
	ret->text = cur_text(cur, CLIENT_TEXT_MAX);
}
