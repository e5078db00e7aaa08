/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>

#include "ca/authz_sm.h"
#include "ca/ca_private.h"
#include "ca/challenge_sm.h"
#include "ca/policy.h"

/* Orders that one deactivation writes to: the account's newest. */
#define DEACTIVATE_ORDERS_MAX 100

const struct problem ca_authz_deactivated = {
	.kind = ERR_UNAUTHORIZED,
	.detail = { (const uint8_t *)"an authorization was deactivated", 32 },
	.rule = { (const uint8_t *)"RFC 8555 7.1.6", 14 },
};

void
ca_authz_view(struct authz *authz, int64_t now)
{
	if (now >= authz->expires_at && (authz->status == AUTHZ_PENDING ||
	    authz->status == AUTHZ_VALID))
		authz_sm_step(&authz->status, AUTHZ_EXPIRE, NULL);
}

/* The answer, and whether a better one comes soon. */
static void
answer(struct ca_call *call, const struct authz *authz,
    enum challenge_type type)
{
	struct ca_result *ret = call->ret;

	ca_answer_authz(call, authz);
	if (ret->answer.authz.status != AUTHZ_PENDING ||
	    authz->attempted_status != CHALLENGE_PROCESSING)
		return;
	ret->wait = (struct ca_wait){
		.object_id = authz->id,
		.type = call->request->type,
		.challenge = type,
		.account_id = call->account.id,
	};
}

int
ca_authz_get(struct ca_call *call, struct err *err)
{
	struct store_authz row;
	int r = ca_own_authz(call->ca, call->account.id,
	    call->request->object_id, call->arena, &row, err);

	if (r == 0)
		answer(call, &row.authz, 0);
	return r;
}

/* The authorization whose challenge the request names. */
static int
own_challenge(struct ca_call *call, struct store_authz *ret, struct err *err)
{
	enum challenge_type type = call->request->challenge.type;
	int r = ca_own_authz(call->ca, call->account.id,
	    call->request->challenge.authz_id, call->arena, ret, err);

	if (r == 0 && (type <= 0 || type >= CHALLENGE_TYPE_COUNT ||
	    (ret->authz.offered & UINT32_C(1) << type) == 0))
		return err_set(err, ERR_NO_SUCH_RESOURCE, "RFC 8555 7.5",
		    "the authorization has no such challenge");
	return r;
}

int
ca_challenge_get(struct ca_call *call, struct err *err)
{
	struct store_authz row;
	int r = own_challenge(call, &row, err);

	if (r == 0)
		answer(call, &row.authz, call->request->challenge.type);
	return r;
}

static void
ask_validators(const struct store_authz *row,
    const struct account *account, struct ca_effect *effect)
{
	effect->validate_authz_id = row->authz.id;
	effect->validate = (struct validate_request){
		.ident = row->authz.ident,
		.wildcard = row->authz.wildcard,
		.method = row->authz.attempted,
		.account_id = account->id,
	};
	memcpy(effect->validate.token, row->authz.token, ACME_TOKEN_SIZE);
	memcpy(effect->validate.thumbprint, account->thumbprint,
	    JWK_THUMBPRINT_SIZE);
}

/*
 * RFC 8555 7.5.1. A challenge that is no longer pending is answered as it is:
 * some clients poll by responding again.
 */
int
ca_challenge_respond(struct ca_call *call, struct err *err)
{
	struct store_authz row;
	struct authz *authz = &row.authz;
	enum challenge_status status = CHALLENGE_PENDING;
	int r = own_challenge(call, &row, err);

	if (r < 0)
		return r;
	if (authz->status != AUTHZ_PENDING || authz->attempted != 0 ||
	    call->now >= authz->expires_at) {
		ca_answer_authz(call, authz);
		return 0;
	}
	r = challenge_sm_step(&status, CHALLENGE_RESPOND, err);
	if (r < 0)
		return r;
	authz->attempted = call->request->challenge.type;
	authz->attempted_status = status;
	r = store_authz_advance(call->ca->env->store, AUTHZ_PENDING, 0, &row,
	    err);
	if (r < 0)
		return r;
	ask_validators(&row, &call->account, &call->ret->effect);
	ca_answer_authz(call, authz);
	return 0;
}

/* Ends the attempt, whose outcome is event, with the authorization in the
 * state that follows. */
static int
end_attempt(struct ca *ca, struct store_authz *row,
    enum challenge_event event, struct ca_effect *effect, struct err *err)
{
	enum authz_status from = row->authz.status;
	int r = challenge_sm_step(&row->authz.attempted_status, event, err);

	if (r == 0)
		r = authz_sm_step(&row->authz.status,
		    event == CHALLENGE_VALIDATE ? AUTHZ_VALIDATE : AUTHZ_FAIL,
		    err);
	if (r == 0)
		r = store_authz_advance(ca->env->store, from,
		    CHALLENGE_PROCESSING, row, err);
	ca_changed(effect, row->authz.id);
	return r;
}

/* The authorization, if an answer of a validator still matters: 1. */
static int
get_processing(struct ca *ca, int64_t authz_id, struct arena *arena,
    struct store_authz *ret, struct err *err)
{
	int r = store_authz_get(ca->env->store, authz_id, arena, ret, err);

	if (r == -ERR_NOT_FOUND)
		return 0;
	if (r < 0)
		return r;
	return ret->authz.status == AUTHZ_PENDING &&
	    ret->authz.attempted_status == CHALLENGE_PROCESSING;
}

/* An attestation that is not about this attempt is no better than none; the
 * signer would refuse it much later. */
static int
check_attestation(const struct authz *authz, const struct attestation *att,
    struct err *err)
{
	if (ident_compare(&att->ident, &authz->ident) != 0 ||
	    att->wildcard != authz->wildcard || att->method != authz->attempted)
		return err_set(err, ERR_FRAME, NULL, "an attestation is not "
		    "about authorization %" PRId64, authz->id);
	return 0;
}

/* Appends one attestation to those that the row has. */
static void
keep_attestation(struct store_authz *row, const struct attestation *att,
    struct arena *arena)
{
	struct bld bld;

	bld_init(&bld, ATTESTATIONS_PER_IDENT_MAX * ATTESTATION_SIZE_MAX);
	bld_span(&bld, row->attestations);
	attestation_encode(&bld, att);
	assert(bld_end(&bld) == 0);
	row->attestations = arena_dup(arena, bld_view(&bld));
	bld_free(&bld);
}

int
ca_authz_attestations(const struct store_authz *row,
    struct attestation ret[ATTESTATIONS_PER_IDENT_MAX], size_t *ret_count,
    struct err *err)
{
	struct cur cur = CUR_OF(row->attestations);

	*ret_count = 0;
	while (cur.rest.len > 0 && !cur.failed &&
	    *ret_count < ATTESTATIONS_PER_IDENT_MAX)
		attestation_decode(&cur, &ret[(*ret_count)++]);
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_IO, NULL,
		    "the store: an attestation is not of its form");
	return 0;
}

/* Whether as many perspectives as policy asks for have spoken. Whether they
 * spoke the truth is for the signer. */
static bool
is_enough(const struct ca *ca, struct span attestations, int64_t now)
{
	const struct policy_row *policy = policy_at(ca->config->program, now);
	struct cur cur = CUR_OF(attestations);
	struct attestation attestation;
	unsigned count = 0;

	if (policy->remote_agree == 0)
		return true;
	for (; cur.rest.len > 0 && !cur.failed; count++)
		attestation_decode(&cur, &attestation);
	return count > policy->remote_agree;
}

/* Only this CA's own perspective has a say so far. */
static int
fail_quorum(struct ca *ca, int64_t authz_id, struct arena *arena,
    struct ca_effect *ret, struct err *err)
{
	const struct problem problem = {
		.kind = ERR_UNAUTHORIZED,
		.detail = SPAN_LIT("the CA's policy asks for more network "
		    "perspectives than it has"),
		.rule = SPAN_LIT("BR 3.2.2.9"),
	};

	return ca_validation_failed(ca, authz_id, &problem, arena, ret, err);
}

int
ca_attested(struct ca *ca, int64_t authz_id,
    const struct attestation *attestation, struct arena *arena,
    struct ca_effect *ret, struct err *err)
{
	struct store_authz row;
	int64_t now = env_now(ca->env);
	int r = get_processing(ca, authz_id, arena, &row, err);

	memset(ret, 0, sizeof(*ret));
	if (r <= 0)
		return r;
	r = check_attestation(&row.authz, attestation, err);
	if (r < 0)
		return r;
	keep_attestation(&row, attestation, arena);
	if (!is_enough(ca, row.attestations, now))
		return fail_quorum(ca, authz_id, arena, ret, err);
	row.authz.validated_at = now;
	row.authz.expires_at = now + policy_authz_lifetime_ms(ca->config, now);
	r = end_attempt(ca, &row, CHALLENGE_VALIDATE, ret, err);
	if (r < 0)
		return r;
	return ca_order_authorized(ca, row.order_id, row.authz.expires_at,
	    arena, ret, err);
}

int
ca_validation_failed(struct ca *ca, int64_t authz_id,
    const struct problem *problem, struct arena *arena,
    struct ca_effect *ret, struct err *err)
{
	struct store_authz row;
	int r = get_processing(ca, authz_id, arena, &row, err);

	memset(ret, 0, sizeof(*ret));
	if (r <= 0)
		return r;
	row.authz.problem = *problem;
	r = end_attempt(ca, &row, CHALLENGE_FAIL, ret, err);
	if (r < 0)
		return r;
	return ca_order_fail(ca, row.order_id, problem, arena, ret, err);
}

int
ca_validate_question(struct ca *ca, int64_t authz_id, struct arena *arena,
    struct ca_effect *ret, struct err *err)
{
	struct store_authz row;
	struct account account;
	int r = get_processing(ca, authz_id, arena, &row, err);

	memset(ret, 0, sizeof(*ret));
	if (r <= 0)
		return r;
	r = store_account_get(ca->env->store, row.authz.account_id, arena,
	    &account, err);
	if (r == 0)
		ask_validators(&row, &account, ret);
	return r;
}

static bool
uses(const struct order *order, int64_t authz_id)
{
	for (size_t i = 0; i < order->idents.count; i++) {
		if (order->authz_ids[i] == authz_id)
			return true;
	}
	return false;
}

/* RFC 8555 7.1.6: unfinished orders that rely on it become invalid. Those that
 * are not among the newest show as invalid from now on (ca_order_get), and
 * none that relies on it can be finalized (add_attestations). */
static int
fail_orders(struct ca_call *call, const struct authz *authz,
    struct err *err)
{
	struct store *store = call->ca->env->store;
	int64_t ids[DEACTIVATE_ORDERS_MAX];
	struct store_order row;
	size_t count;
	int r;

	r = store_order_list(store, call->account.id, 0, call->now,
	    DEACTIVATE_ORDERS_MAX, ids, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = store_order_get(store, ids[i], call->arena, &row, err);
		if (r == 0 && uses(&row.order, authz->id))
			r = ca_order_fail(call->ca, ids[i],
			    &ca_authz_deactivated, call->arena, &call->ret->effect, err);
	}
	return r;
}

/* RFC 8555 7.5.2. */
int
ca_authz_deactivate(struct ca_call *call, struct err *err)
{
	struct store_authz row;
	struct authz *authz = &row.authz;
	enum authz_status from;
	enum challenge_status attempted;
	int r = ca_own_authz(call->ca, call->account.id,
	    call->request->object_id, call->arena, &row, err);

	if (r < 0)
		return r;
	from = authz->status;
	attempted = authz->attempted_status;
	ca_authz_view(authz, call->now);
	if (authz->status != AUTHZ_PENDING && authz->status != AUTHZ_VALID)
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.5.2",
		    "the authorization is %s, which cannot be deactivated",
		    authz_status_name(authz->status));
	if (attempted == CHALLENGE_PROCESSING)
		challenge_sm_step(&authz->attempted_status, CHALLENGE_FAIL,
		    err);
	r = authz_sm_step(&authz->status, AUTHZ_DEACTIVATE, err);
	if (r == 0)
		r = store_authz_advance(call->ca->env->store, from, attempted,
		    &row, err);
	if (r < 0)
		return r;
	ca_changed(&call->ret->effect, authz->id);
	ca_answer_authz(call, authz);
	return fail_orders(call, authz, err);
}
