/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ca.h"

#include <inttypes.h>

#include "ca/ca_private.h"

/* What is done with each question of web. */
struct question {
	int (*handle)(struct ca_call *call, struct err *err);
	bool writes;
	bool of_anyone; /* no account is behind it (yet) */
};

static const struct question questions[] = {
	[WEB_CORE_ACCOUNT_KEY] = { ca_account_key, .of_anyone = true },
	[WEB_CORE_ACCOUNT_NEW] = { ca_account_new, .writes = true,
	    .of_anyone = true },
	[WEB_CORE_ACCOUNT_UPDATE] = { ca_account_update, .writes = true },
	[WEB_CORE_ACCOUNT_ORDERS] = { ca_account_orders },
	[WEB_CORE_ORDER_NEW] = { ca_order_new, .writes = true },
	[WEB_CORE_ORDER_GET] = { ca_order_get },
	[WEB_CORE_ORDER_FINALIZE] = { ca_finalize_request, .writes = true },
	[WEB_CORE_AUTHZ_GET] = { ca_authz_get },
	[WEB_CORE_AUTHZ_DEACTIVATE] = { ca_authz_deactivate,
	    .writes = true },
	[WEB_CORE_CHALLENGE_GET] = { ca_challenge_get },
	[WEB_CORE_CHALLENGE_RESPOND] = { ca_challenge_respond,
	    .writes = true },
	[WEB_CORE_CERTIFICATE_GET] = { ca_certificate_get },
};

static const struct question *
question_of(size_t type)
{
	return type < sizeof(questions) / sizeof(questions[0]) &&
	    questions[type].handle != NULL ? &questions[type] : NULL;
}

bool
ca_writes(enum web_core_type type)
{
	const struct question *question = question_of(type);

	return question != NULL && question->writes;
}

int
ca_init(struct ca *ca, const struct env *env, const struct config *config,
    struct err *err)
{
	*ca = (struct ca){ .env = env, .config = config };
	return store_last_id(env->store, &ca->last_id, err);
}

void
ca_done(struct ca *ca)
{
	for (size_t i = 0; i < ca->chain_count; i++)
		mem_span_free(ca->chain[i]);
	ca->chain_count = 0;
}

void
ca_set_chain(struct ca *ca, const struct issue_answer *answer)
{
	ca_done(ca);
	for (size_t i = 0; i < answer->chain.count; i++)
		ca->chain[ca->chain_count++] =
		    mem_span_dup(answer->chain.der[i]);
}

int64_t
ca_id_at(int64_t ms)
{
	return ms <= ACME_ID_EPOCH_MS ? 0 :
	    (ms - ACME_ID_EPOCH_MS) << ACME_ID_RANDOM_BITS;
}

int64_t
ca_new_id(struct ca *ca)
{
	uint32_t random;
	int64_t id;

	env_random(ca->env, &random, sizeof(random));
	id = ca_id_at(env_now(ca->env)) |
	    (random & ((UINT32_C(1) << ACME_ID_RANDOM_BITS) - 1));
	/* Also when the clock was set back. */
	ca->last_id = id > ca->last_id ? id : ca->last_id + 1;
	return ca->last_id;
}

void
ca_changed(struct ca_effect *effect, int64_t id)
{
	for (size_t i = 0; i < effect->num_changed; i++) {
		if (effect->changed[i] == id)
			return;
	}
	if (effect->num_changed < CA_CHANGED_MAX)
		effect->changed[effect->num_changed++] = id;
}

/* Who asks must be the account that web verified the request for, by the key
 * that the account has now. */
static int
check_actor(struct ca *ca, const struct web_core_actor *actor,
    struct arena *arena, struct account *ret, struct err *err)
{
	int r = store_account_get(ca->env->store, actor->account_id, arena,
	    ret, err);

	if (r == -ERR_NOT_FOUND)
		return err_set(err, ERR_ACCOUNT_DOES_NOT_EXIST,
		    "RFC 8555 6.2", "no account %" PRId64, actor->account_id);
	if (r < 0)
		return r;
	if (memcmp(ret->thumbprint, actor->thumbprint,
	    JWK_THUMBPRINT_SIZE) != 0)
		return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 6.2",
		    "the request is signed by a key that is not the account's");
	if (ret->status != ACCOUNT_VALID)
		return err_set(err, ERR_ACCOUNT_NOT_VALID, "RFC 8555 7.3.6",
		    "the account is %s", account_status_name(ret->status));
	return 0;
}

int
ca_request(struct ca *ca, const struct web_core_request *request,
    struct arena *arena, struct ca_result *ret, struct err *err)
{
	struct ca_call call = {
		.ca = ca, .request = request, .arena = arena, .ret = ret,
		.now = env_now(ca->env),
	};
	const struct question *question = question_of(request->type);
	int r;

	memset(ret, 0, sizeof(*ret));
	if (question == NULL)
		return err_set(err, ERR_INTERNAL, NULL,
		    "no handler for requests of type %d", (int)request->type);
	if (!question->of_anyone) {
		r = check_actor(ca, &request->actor, arena, &call.account,
		    err);
		if (r < 0)
			return r;
	}
	return question->handle(&call, err);
}

int
ca_wait_check(struct ca *ca, const struct ca_wait *wait, bool last,
    struct arena *arena, struct ca_result *ret, struct err *err)
{
	struct web_core_request request = { .type = wait->type };
	struct ca_call call = {
		.ca = ca, .request = &request, .arena = arena, .ret = ret,
		.now = env_now(ca->env),
	};
	int r;

	/* The actor was checked when the request came. */
	call.account.id = wait->account_id;
	memset(ret, 0, sizeof(*ret));
	if (wait->type == WEB_CORE_ORDER_FINALIZE)
		return ca_finalize_wait(&call, wait, last, err);
	if (wait->type == WEB_CORE_CHALLENGE_GET) {
		request.challenge.authz_id = wait->object_id;
		request.challenge.type = wait->challenge;
	} else if (wait->type == WEB_CORE_CERTIFICATE_GET) {
		request.object_id = wait->certificate_id;
	} else {
		request.object_id = wait->object_id;
	}
	/* It was asked before, so there is a row. */
	r = questions[wait->type].handle(&call, err);
	if (last)
		ret->wait.object_id = 0;
	return r;
}

int
ca_own_order(struct ca *ca, int64_t account_id, int64_t order_id,
    struct arena *arena, struct store_order *ret, struct err *err)
{
	int r = store_order_get(ca->env->store, order_id, arena, ret, err);

	if (r == -ERR_NOT_FOUND ||
	    (r == 0 && ret->order.account_id != account_id))
		return err_set(err, ERR_NO_SUCH_RESOURCE, "RFC 8555 7.4",
		    "the account has no order %" PRId64, order_id);
	return r;
}

int
ca_own_authz(struct ca *ca, int64_t account_id, int64_t authz_id,
    struct arena *arena, struct store_authz *ret, struct err *err)
{
	int r = store_authz_get(ca->env->store, authz_id, arena, ret, err);

	if (r == -ERR_NOT_FOUND ||
	    (r == 0 && ret->authz.account_id != account_id))
		return err_set(err, ERR_NO_SUCH_RESOURCE, "RFC 8555 7.5",
		    "the account has no authorization %" PRId64, authz_id);
	return r;
}

void
ca_answer_order(struct ca_call *call, const struct order *order)
{
	call->ret->answer.type = WEB_CORE_ORDER;
	call->ret->answer.order = *order;
	ca_order_view(&call->ret->answer.order, call->now);
}

void
ca_answer_authz(struct ca_call *call, const struct authz *authz)
{
	call->ret->answer.type = WEB_CORE_AUTHZ;
	call->ret->answer.authz = *authz;
	ca_authz_view(&call->ret->answer.authz, call->now);
}

int
ca_expire(struct ca *ca, size_t max, size_t *ret_deleted, struct err *err)
{
	int64_t before = env_now(ca->env) - CA_RETENTION_MS;

	/* What expired before then was made before then. */
	return store_expire(ca->env->store, before, ca_id_at(before), max,
	    ret_deleted, err);
}
