/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authorizations of an order, RFC 8555 7.5. Each goes on for itself:
 *
 *   FETCH -> OFFERED -> SENT -> POLLED -> OK or BAD
 *
 * Here they are fetched, held against what was asked for and offered, all at
 * once.
 */
#include "client/client_order.h"

static void
make_challenge(const struct client_authz *authz,
    const struct client_answer_challenge *from, struct client_challenge *ret)
{
	struct client_order_op *order = authz->order;
	struct bld text;

	*ret = (struct client_challenge){
		.method = from->method,
		.token = from->token,
		.num_issuers = from->num_issuers,
	};
	memcpy(ret->issuers, from->issuers, sizeof(ret->issuers));
	if (from->token.len == 0)
		return;
	bld_init(&text, CLIENT_KEY_AUTHORIZATION_MAX);
	jwk_key_authorization(&text, from->token,
	    order->op.client->options.thumbprint);
	ret->key_authorization = arena_dup(&order->arena, bld_view(&text));
	bld_free(&text);
}

static void
make_offer(struct client_authz *authz, struct client_offer *ret)
{
	const struct client_answer_authz *answer = &authz->answer;

	*ret = (struct client_offer){
		.authz = authz->number,
		.ident = answer->ident,
		.wildcard = ident_is_wildcard(client_round_ident(authz)),
		.expires_at = answer->expires_at,
	};
	for (size_t i = 0; i < answer->num_challenges; i++) {
		const struct client_answer_challenge *challenge =
		    &answer->challenges[i];

		if ((authz->offered & CLIENT_METHOD_BIT(challenge->method)) !=
		    0)
			make_challenge(authz, challenge,
			    &ret->challenges[ret->num_challenges++]);
	}
	authz->state = CLIENT_AUTHZ_OFFERED;
}

/* All authorizations are known: those that wait are offered together. */
static void
offer_all(struct client_order_op *order)
{
	struct client *client = order->op.client;
	struct client_offer *offers = arena_alloc(&order->arena,
	    order->num_authzs * sizeof(*offers));
	size_t count = 0;

	for (size_t i = 0; i < order->num_authzs; i++) {
		if (order->authzs[i].state == CLIENT_AUTHZ_FETCH)
			make_offer(&order->authzs[i], &offers[count++]);
	}
	if (count == 0) {
		client_round_settle(order);
		return;
	}
	order->cleaning_owed = true;
	client->ops->offer(client->ctx, order->op.id, offers, count);
}

/* What of the offered may be tried; sets BAD with the reason if nothing. */
static void
filter(struct client_authz *authz)
{
	struct client_order_op *order = authz->order;
	uint32_t allowed = order->order.methods[authz->ident];
	uint32_t tried = order->tried[authz->ident];
	struct bld names;

	bld_init(&names, CLIENT_TEXT_MAX / 2);
	for (size_t i = 0; i < authz->answer.num_challenges; i++) {
		enum client_method method = authz->answer.challenges[i].method;
		uint32_t bit = CLIENT_METHOD_BIT(method);

		if ((allowed & ~tried & bit) != 0 &&
		    authz->answer.challenges[i].status != CHALLENGE_INVALID)
			authz->offered |= bit;
		bld_fmt(&names, "%s%s", i > 0 ? ", " : "",
		    client_method_name(method));
	}
	if (authz->offered == 0) {
		authz->state = CLIENT_AUTHZ_BAD;
		authz->problem.cause = CLIENT_SETUP;
		client_problem_say(&order->arena, &authz->problem,
		    "the CA takes %s%.*s for this name, %s",
		    names.len == 0 ? "nothing that is known here" : "only ",
		    SPAN_FMT(bld_view(&names)), tried != 0 ?
		    "and all that may be tried has failed" :
		    "and none of it is set up here");
	}
	bld_free(&names);
}

/* Whether the authorization is for a name of the order that no other one is
 * for. A CA that does not mark wildcards gives "example.com" twice. */
static bool
match(struct client_authz *authz)
{
	const struct client_order_op *order = authz->order;
	const struct ident *theirs = &authz->answer.ident;

	for (int pass = 0; pass < 2; pass++) {
		bool wildcard = pass == (authz->answer.wildcard ? 0 : 1);

		for (size_t i = 0; i < order->order.idents.count; i++) {
			struct ident ours = order->order.idents.items[i];
			bool taken = false;

			if (ident_is_wildcard(&ours) != wildcard)
				continue;
			if (wildcard)
				ours.value = span_from(ours.value, 2);
			for (size_t k = 0; k < order->num_authzs; k++)
				taken |= &order->authzs[k] != authz &&
				    order->authzs[k].answer.status != 0 &&
				    order->authzs[k].ident == i;
			if (!taken && ident_compare(&ours, theirs) == 0) {
				authz->ident = i;
				return true;
			}
		}
		if (authz->answer.wildcard)
			return false;
	}
	return false;
}

static void
take_first(struct client_authz *authz)
{
	struct client_order_op *order = authz->order;

	switch (authz->answer.status) {
	case AUTHZ_VALID:
		authz->state = CLIENT_AUTHZ_OK;
		break;
	case AUTHZ_PENDING:
		authz->may_be_pending = true;
		filter(authz);
		break;
	case AUTHZ_INVALID:
	case AUTHZ_DEACTIVATED:
	case AUTHZ_EXPIRED:
	case AUTHZ_REVOKED:
		authz->state = CLIENT_AUTHZ_BAD;
		authz->problem.cause = CLIENT_REFUSED;
		client_problem_say(&order->arena, &authz->problem,
		    "the authorization is %s",
		    authz_status_name(authz->answer.status));
		break;
	}
	for (size_t i = 0; i < order->num_authzs; i++) {
		if (order->authzs[i].answer.status == 0)
			return; /* not all are known yet */
	}
	for (size_t i = 0; i < order->num_authzs; i++) {
		if (order->authzs[i].state == CLIENT_AUTHZ_BAD) {
			/* Nothing need be set up for an order that is lost. */
			client_round_stop(order);
			client_round_settle(order);
			return;
		}
	}
	offer_all(order);
}

static void
on_first(void *arg, const struct client_reply *reply)
{
	struct client_authz *authz = arg;
	struct client_order_op *order = authz->order;
	struct err err = ERR_INIT;
	int r;

	if (reply->problem != NULL) {
		client_round_fail(order, reply->problem);
		return;
	}
	r = client_challenge_parse(authz, reply->response, &order->arena, &authz->answer, &err);
	/* RFC 8555 7.1.4 says that "*." is not there; some leave it. */
	if (r == 0 && ident_is_wildcard(&authz->answer.ident)) {
		authz->answer.wildcard = true;
		authz->answer.ident.value =
		    span_from(authz->answer.ident.value, 2);
	}
	if (r == 0 && !match(authz))
		r = err_set(&err, ERR_MALFORMED, "RFC 8555 7.1.4",
		    "the CA wants an authorization for %.*s, which was not "
		    "asked for", SPAN_FMT(authz->answer.ident.value));
	if (r < 0)
		client_round_nonsense(authz, &err);
	else
		take_first(authz);
}

void
client_authz_start(struct client_order_op *order,
    const struct client_answer_order *answer)
{
	size_t count = answer->num_authzs;

	if (count == 0) {
		client_op_fail_text(&order->op, CLIENT_NONSENSE,
		    "the order that the CA sent is pending and has no "
		    "authorizations (RFC 8555 7.1.3)");
		return;
	}
	order->authzs = arena_alloc(&order->arena,
	    count * sizeof(*order->authzs));
	memset(order->authzs, 0, count * sizeof(*order->authzs));
	order->num_authzs = count;
	for (size_t i = 0; i < count; i++) {
		order->authzs[i].order = order;
		order->authzs[i].number = (uint16_t)i;
		order->authzs[i].url = arena_dup(&order->arena,
		    answer->authzs[i]);
	}
	for (size_t i = 0; i < count; i++)
		client_challenge_fetch(&order->authzs[i], on_first);
}
