/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out of a client at the end. */
#include "agent/rpc/client_code.h"

static void
put_directory(struct bld *out, const struct client_directory *directory)
{
	bld_span16(out, directory->terms_url);
	bld_span16(out, directory->website);
	bld_u8(out, directory->eab_required);
	bld_u8(out, directory->has_renewal_info);
	bld_u8(out, directory->has_key_change);
	bld_u16(out, (uint16_t)directory->num_caa);
	for (size_t i = 0; i < directory->num_caa; i++)
		bld_span16(out, directory->caa[i]);
	bld_u16(out, (uint16_t)directory->num_profiles);
	for (size_t i = 0; i < directory->num_profiles; i++) {
		bld_span16(out, directory->profiles[i].name);
		bld_span16(out, directory->profiles[i].text);
	}
}

static void
get_directory(struct cur *cur, struct client_directory *ret)
{
	ret->terms_url = cur_text(cur, CLIENT_URL_MAX);
	ret->website = cur_text(cur, CLIENT_URL_MAX);
	ret->eab_required = cur_bool(cur);
	ret->has_renewal_info = cur_bool(cur);
	ret->has_key_change = cur_bool(cur);
	ret->num_caa = cur_count(cur, CLIENT_ISSUERS_MAX);
	for (size_t i = 0; i < ret->num_caa; i++)
		ret->caa[i] = cur_text(cur, IDENT_DNS_MAX);
	ret->num_profiles = cur_count(cur, CLIENT_PROFILES_MAX);
	for (size_t i = 0; i < ret->num_profiles; i++) {
		ret->profiles[i].name = cur_text(cur, CLIENT_PROFILE_MAX);
		ret->profiles[i].text = cur_text(cur, CLIENT_TEXT_MAX);
	}
}

void
client_code_put_account(struct bld *out, const struct client_account *account)
{
	bld_span16(out, account->kid);
	bld_u8(out, account->created);
	account_contacts_encode(out, account->contacts,
	    account->num_contacts);
}

void
client_code_get_account(struct cur *cur, struct client_account *ret)
{
	*ret = (struct client_account){
		.kid = cur_text(cur, CLIENT_URL_MAX)
	};
	ret->created = cur_bool(cur);
	ret->num_contacts = account_contacts_decode(cur, ret->contacts);
}

static void
put_chain(struct bld *out, const struct client_chain *chain)
{
	bld_span32(out, chain->pem);
	bld_span16(out, chain->order_url);
	bld_u8(out, chain->preferred);
}

static void
get_chain(struct cur *cur, struct client_chain *ret)
{
	ret->pem = cur_span32(cur);
	if (ret->pem.len > CLIENT_CHAIN_MAX)
		cur->failed = true;
	ret->order_url = cur_text(cur, CLIENT_URL_MAX);
	ret->preferred = cur_bool(cur);
}

static void
put_renewal(struct bld *out, const struct client_renewal *renewal)
{
	bld_i64(out, renewal->start_at);
	bld_i64(out, renewal->end_at);
	bld_i64(out, renewal->retry_at);
	bld_span16(out, renewal->explanation_url);
}

/* Others count with it: it must not overflow. */
static int64_t
get_time(struct cur *cur)
{
	int64_t at = cur_i64(cur);

	if (at >= -CLIENT_TIME_MAX && at <= CLIENT_TIME_MAX)
		return at;
	cur->failed = true;
	return 0;
}

static void
get_renewal(struct cur *cur, struct client_renewal *ret)
{
	ret->start_at = get_time(cur);
	ret->end_at = get_time(cur);
	ret->retry_at = get_time(cur);
	ret->explanation_url = cur_text(cur, CLIENT_URL_MAX);
}

static void
put_orders(struct bld *out, const struct client_order_urls *orders)
{
	bld_u16(out, (uint16_t)orders->count);
	for (size_t i = 0; i < orders->count; i++)
		bld_span16(out, orders->urls[i]);
}

static void
get_orders(struct cur *cur, struct arena *arena, struct client_order_urls *ret)
{
	size_t count = cur_count(cur, CLIENT_ORDERS_MAX);
	struct span *urls;

	if (count == 0)
		return;
	urls = arena_alloc(arena, count * sizeof(*urls));
	for (size_t i = 0; i < count; i++)
		urls[i] = cur_text(cur, CLIENT_URL_MAX);
	ret->urls = urls;
	ret->count = count;
}

static void
put_subproblem(struct bld *out, const struct client_subproblem *sub)
{
	bld_span16(out, sub->type);
	bld_span16(out, sub->detail);
	bld_u8(out, sub->ident.type != 0);
	if (sub->ident.type != 0)
		ident_encode(out, &sub->ident);
	bld_u8(out, (uint8_t)sub->method);
}

static void
get_subproblem(struct cur *cur, struct client_subproblem *ret)
{
	*ret = (struct client_subproblem){
		.type = cur_text(cur, CLIENT_TEXT_MAX)
	};
	ret->detail = cur_text(cur, CLIENT_TEXT_MAX);
	if (cur_bool(cur))
		ident_decode(cur, &ret->ident);
	ret->method = (enum client_method)cur_enum(cur, 0,
	    CLIENT_METHOD_COUNT - 1);
}

static void
put_problem(struct bld *out, const struct client_problem *problem)
{
	bld_u8(out, (uint8_t)problem->cause);
	bld_span16(out, problem->type);
	bld_u16(out, problem->status);
	bld_span16(out, problem->detail);
	bld_span16(out, problem->instance);
	bld_span16(out, problem->terms_url);
	bld_i64(out, problem->retry_at);
	bld_u16(out, (uint16_t)problem->num_subs);
	for (size_t i = 0; i < problem->num_subs; i++)
		put_subproblem(out, &problem->subs[i]);
}

static void
get_problem(struct cur *cur, struct arena *arena, struct client_problem *ret)
{
	struct client_subproblem *subs;

	ret->cause = (enum client_cause)cur_enum(cur, CLIENT_REFUSED,
	    CLIENT_CAUSE_COUNT - 1);
	ret->type = cur_text(cur, CLIENT_TEXT_MAX);
	ret->status = cur_u16(cur);
	ret->detail = cur_text(cur, CLIENT_TEXT_MAX);
	ret->instance = cur_text(cur, CLIENT_URL_MAX);
	ret->terms_url = cur_text(cur, CLIENT_URL_MAX);
	ret->retry_at = get_time(cur);
	ret->num_subs = cur_count(cur, CLIENT_SUBPROBLEMS_MAX);
	if (ret->num_subs == 0)
		return;
	subs = arena_alloc(arena, ret->num_subs * sizeof(*subs));
	for (size_t i = 0; i < ret->num_subs; i++)
		get_subproblem(cur, &subs[i]);
	ret->subs = subs;
}

void
client_code_put_result(struct bld *out, const struct client_result *result)
{
	bld_u8(out, (uint8_t)result->type);
	switch (result->type) {
	case CLIENT_RESULT_DIRECTORY:
		put_directory(out, &result->directory);
		break;
	case CLIENT_RESULT_ACCOUNT:
		client_code_put_account(out, &result->account);
		break;
	case CLIENT_RESULT_CHAIN:
		put_chain(out, &result->chain);
		break;
	case CLIENT_RESULT_RENEWAL:
		put_renewal(out, &result->renewal);
		break;
	case CLIENT_RESULT_ORDERS:
		put_orders(out, &result->orders);
		break;
	case CLIENT_RESULT_PROBLEM:
		put_problem(out, &result->problem);
		break;
	case CLIENT_RESULT_DONE:
	case CLIENT_RESULT_TYPE_COUNT:
		break;
	}
}

void
client_code_get_result(struct cur *cur, struct arena *arena,
    struct client_result *ret)
{
	*ret = (struct client_result){
		.type = (enum client_result_type)cur_enum(cur,
		    CLIENT_RESULT_DONE, CLIENT_RESULT_TYPE_COUNT - 1)
	};
	switch (ret->type) {
	case CLIENT_RESULT_DIRECTORY:
		get_directory(cur, &ret->directory);
		break;
	case CLIENT_RESULT_ACCOUNT:
		client_code_get_account(cur, &ret->account);
		break;
	case CLIENT_RESULT_CHAIN:
		get_chain(cur, &ret->chain);
		break;
	case CLIENT_RESULT_RENEWAL:
		get_renewal(cur, &ret->renewal);
		break;
	case CLIENT_RESULT_ORDERS:
		get_orders(cur, arena, &ret->orders);
		break;
	case CLIENT_RESULT_PROBLEM:
		get_problem(cur, arena, &ret->problem);
		break;
	case CLIENT_RESULT_DONE:
	case CLIENT_RESULT_TYPE_COUNT:
		break;
	}
}
