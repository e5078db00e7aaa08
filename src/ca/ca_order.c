/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "base/text.h"
#include "ca/ca_private.h"
#include "ca/order_sm.h"
#include "ca/policy.h"

/* A valid authorization that ends sooner is not used for a new order: the
 * client must have time to finish. */
#define REUSE_MARGIN_MS (3600 * INT64_C(1000))
#define TOKEN_BYTES 32 /* random, RFC 8555 8.1 */
/* Authorizations of a pending order that are looked at to see whether one is
 * being validated. */
#define LOOK_MAX 10

void
ca_order_view(struct order *order, int64_t now)
{
	if (now < order->expires_at || (order->status != ORDER_PENDING &&
	    order->status != ORDER_READY))
		return;
	order_sm_step(&order->status, ORDER_EXPIRE, NULL);
	order->problem = (struct problem){
		.kind = ERR_MALFORMED,
		.detail = SPAN_LIT("the order expired before it was "
		    "finalized: make a new one"),
		.rule = SPAN_LIT("RFC 8555 7.1.6"),
	};
}

/* All identifiers that policy refuses: one is the error itself, several are
 * subproblems (RFC 8555 6.7.1). 0 if there is none; 1 if the answer is set. */
static int
check_idents(struct ca_call *call, struct err *err)
{
	const struct ident_list *list = &call->request->order_new.idents;
	struct problem *problem = &call->ret->answer.problem;
	struct problem_sub *subs = NULL;
	size_t num = 0;
	int r;

	for (size_t i = 0; i < list->count; i++) {
		r = policy_check_ident(call->ca->config, &list->items[i],
		    call->now, err);
		if (r == 0)
			continue;
		if (list->count == 1)
			return r;
		if (subs == NULL)
			subs = arena_alloc(call->arena,
			    list->count * sizeof(*subs));
		subs[num++] = problem_sub_of(err, &list->items[i],
		    call->arena);
	}
	if (num == 0)
		return 0;
	call->ret->answer.type = WEB_CORE_PROBLEM;
	*problem = (struct problem){
		.kind = num == 1 ? subs[0].kind : ERR_COMPOUND,
		.detail = num == 1 ? subs[0].detail :
		    SPAN_LIT("several identifiers are refused"),
		.rule = num == 1 ? subs[0].rule : SPAN_LIT("RFC 8555 6.7.1"),
		.num_subs = num,
		.subs = subs,
	};
	return 1;
}

/* policy_evidence's find. Whether it is by whom it says, only the signer can
 * tell. */
static int
believe(void *ctx, const struct attestation *attestation,
    const struct policy_perspective **ret, struct err *err)
{
	static const struct policy_perspective local = {
		.name = ATTESTATION_PERSPECTIVE_LOCAL
	};

	(void)ctx;
	*ret = &local;
	if (span_equal_str(attestation->perspective, local.name))
		return 0;
	return err_set(err, ERR_UNAUTHORIZED, "attestation",
	    "an attestation is by an unknown perspective");
}

/* Whether the signer would take a valid authorization as evidence for a while:
 * a configuration that came after it may ask for more, or for newer. */
static int
check_evidence(struct ca_call *call, const struct ident *ident,
    const struct store_authz *row, struct err *err)
{
	struct attestation attestations[ATTESTATIONS_PER_IDENT_MAX];
	struct policy_evidence evidence = {
		.attestations = attestations,
		.thumbprint = call->account.thumbprint,
		.find = believe,
	};
	int r = ca_authz_attestations(row, attestations, &evidence.count,
	    err);

	return r < 0 ? r : policy_check_evidence(call->ca->config, ident,
	    &evidence, call->now + REUSE_MARGIN_MS, err);
}

/* In dev mode reuse can be made a matter of chance (PEBBLE_AUTHZREUSE). */
static bool
may_reuse(struct ca *ca)
{
	uint32_t random;

	if (!ca->config->dev || ca->config->dev_authz_reuse < 0)
		return true;
	env_random(ca->env, &random, sizeof(random));
	return (int64_t)(random % 100) < ca->config->dev_authz_reuse;
}

static void
make_token(struct ca *ca, uint8_t token[ACME_TOKEN_SIZE])
{
	uint8_t random[TOKEN_BYTES];
	struct bld text;

	env_random(ca->env, random, sizeof(random));
	bld_init(&text, ACME_TOKEN_SIZE);
	text_base64url(&text, span_of(random, sizeof(random)));
	memcpy(token, text.data, ACME_TOKEN_SIZE);
	bld_free(&text);
}

/* A new pending authorization for one identifier of the order. */
static int
add_authz(struct ca_call *call, const struct order *order,
    const struct ident *base, bool wildcard, int64_t *ret_id,
    struct err *err)
{
	struct store_authz row = {
		.order_id = order->id,
		.authz = {
			.id = ca_new_id(call->ca),
			.account_id = call->account.id,
			.status = AUTHZ_PENDING,
			.expires_at = order->expires_at,
			.ident = *base,
			.wildcard = wildcard,
			.offered = policy_challenges(call->ca->config, base,
			    wildcard),
		},
	};

	make_token(call->ca, row.authz.token);
	*ret_id = row.authz.id;
	return store_authz_add(call->ca->env->store, &row, err);
}

/* A valid authorization that the account has. -ERR_NOT_FOUND. */
static int
find_valid(struct ca_call *call, const struct ident *ident,
    const struct ident *base, bool wildcard, struct store_authz *ret,
    struct err *err)
{
	int r;

	if (!may_reuse(call->ca))
		return -(int)ERR_NOT_FOUND;
	r = store_authz_find_valid(call->ca->env->store, call->account.id,
	    base, wildcard, call->now + REUSE_MARGIN_MS, call->arena, ret,
	    err);
	if (r == 0)
		r = check_evidence(call, ident, ret, err);
	return err_is_refusal(r) ? -(int)ERR_NOT_FOUND : r;
}

/* The authorizations of a new order: valid ones that the account has, else
 * new ones. */
static int
add_authzs(struct ca_call *call, struct store_order *row, struct err *err)
{
	struct order *order = &row->order;
	struct store_authz old;
	int64_t expires_at = order->expires_at;
	int r;

	for (size_t i = 0; i < order->idents.count; i++) {
		const struct ident *ident = &order->idents.items[i];
		struct ident base = *ident;
		bool wildcard = ident_is_wildcard(&base);

		if (wildcard)
			base.value = span_from(base.value, 2);
		r = find_valid(call, ident, &base, wildcard, &old, err);
		if (r == 0) {
			order->authz_ids[i] = old.authz.id;
			if (old.authz.expires_at < expires_at)
				expires_at = old.authz.expires_at;
			continue;
		}
		if (r == -ERR_NOT_FOUND)
			r = add_authz(call, order, &base, wildcard,
			    &order->authz_ids[i], err);
		if (r < 0)
			return r;
		row->authz_left++;
	}
	order->expires_at = expires_at;
	return 0;
}

int
ca_order_new(struct ca_call *call, struct err *err)
{
	const struct web_core_request *request = call->request;
	struct store_order row = { 0 };
	const struct policy_profile *profile;
	struct order *order = &row.order;
	int r;

	if (request->order_new.idents.count == 0)
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.4",
		    "an order needs at least one identifier");
	r = policy_check_order(call->ca->config,
	    request->order_new.not_before, request->order_new.not_after,
	    request->order_new.profile, call->now, &profile, err);
	if (r < 0)
		return r;
	r = check_idents(call, err);
	if (r != 0)
		return r < 0 ? r : 0;
	order->id = ca_new_id(call->ca);
	order->account_id = call->account.id;
	order->status = ORDER_PENDING;
	order->expires_at = call->now +
	    call->ca->config->order_lifetime_s * 1000;
	order->not_before = request->order_new.not_before;
	order->not_after = request->order_new.not_after;
	order->profile = span_str(profile->name);
	order->idents = request->order_new.idents;
	r = add_authzs(call, &row, err);
	if (r == 0 && row.authz_left == 0)
		r = order_sm_step(&order->status, ORDER_AUTHORIZE, err);
	if (r == 0)
		r = store_order_add(call->ca->env->store, &row, err);
	if (r == 0)
		ca_answer_order(call, order);
	return r;
}

/* Whether a pending order will soon be something else by itself. */
static int
is_validating(struct ca_call *call, const struct order *order, bool *ret,
    struct err *err)
{
	struct store_authz row;
	int r;

	*ret = false;
	for (size_t i = 0; i < order->idents.count && i < LOOK_MAX; i++) {
		r = store_authz_get(call->ca->env->store,
		    order->authz_ids[i], call->arena, &row, err);
		if (r < 0)
			return r;
		*ret = row.authz.status == AUTHZ_PENDING &&
		    row.authz.attempted_status == CHALLENGE_PROCESSING;
		if (*ret)
			return 0;
	}
	return 0;
}

/* An order that relies on a deactivated authorization is invalid, whether or
 * not the deactivation came to write so: RFC 8555 7.1.6. */
static int
view_authzs(struct ca_call *call, struct order *order, struct err *err)
{
	struct store_authz row;
	int r;

	if (order->status != ORDER_PENDING && order->status != ORDER_READY)
		return 0;
	for (size_t i = 0; i < order->idents.count; i++) {
		r = store_authz_get(call->ca->env->store, order->authz_ids[i],
		    call->arena, &row, err);
		if (r == -ERR_NOT_FOUND)
			continue; /* deleted as expired */
		if (r < 0)
			return r;
		if (row.authz.status != AUTHZ_DEACTIVATED)
			continue;
		order->problem = ca_authz_deactivated;
		return order_sm_step(&order->status, ORDER_FAIL, err);
	}
	return 0;
}

int
ca_order_get(struct ca_call *call, struct err *err)
{
	struct ca_result *ret = call->ret;
	struct store_order row;
	bool wait;
	int r = ca_own_order(call->ca, call->account.id,
	    call->request->object_id, call->arena, &row, err);

	if (r == 0)
		r = view_authzs(call, &row.order, err);
	if (r < 0)
		return r;
	ca_answer_order(call, &row.order);
	wait = ret->answer.order.status == ORDER_PROCESSING;
	if (ret->answer.order.status == ORDER_PENDING)
		r = is_validating(call, &row.order, &wait, err);
	if (wait)
		ret->wait = (struct ca_wait){
			.object_id = row.order.id,
			.type = WEB_CORE_ORDER_GET,
			.account_id = call->account.id,
		};
	return r;
}

int
ca_order_fail(struct ca *ca, int64_t order_id, const struct problem *problem,
    struct arena *arena, struct ca_effect *effect, struct err *err)
{
	struct store_order row;
	enum order_status from;
	int r = store_order_get(ca->env->store, order_id, arena, &row, err);

	if (r == -ERR_NOT_FOUND)
		return 0; /* deleted as expired */
	if (r < 0)
		return r;
	from = row.order.status;
	if (from != ORDER_PENDING && from != ORDER_READY)
		return 0;
	r = order_sm_step(&row.order.status, ORDER_FAIL, err);
	row.order.problem = *problem;
	if (r == 0)
		r = store_order_advance(ca->env->store, from, &row, err);
	ca_changed(effect, order_id);
	return r;
}

int
ca_order_authorized(struct ca *ca, int64_t order_id, int64_t expires_at,
    struct arena *arena, struct ca_effect *effect, struct err *err)
{
	struct store_order row;
	int r = store_order_get(ca->env->store, order_id, arena, &row, err);

	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r < 0 || row.order.status != ORDER_PENDING)
		return r;
	if (row.authz_left == 0)
		return err_set(err, ERR_INTERNAL, NULL, "order %" PRId64
		    " waits for no authorization", order_id);
	if (expires_at < row.order.expires_at)
		row.order.expires_at = expires_at;
	if (--row.authz_left == 0) {
		r = order_sm_step(&row.order.status, ORDER_AUTHORIZE, err);
		ca_changed(effect, order_id);
	}
	return r < 0 ? r :
	    store_order_advance(ca->env->store, ORDER_PENDING, &row, err);
}
