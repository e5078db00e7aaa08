/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CORE_CORE_CLIENT_H
#define SIGNET_CORE_CORE_CLIENT_H

/*
 * core_client: what web asks core, for core's tests: requests to the core of
 * core_world.h, and what clients do with them.
 */

#include "core/core_world.h"

static inline uint64_t
world_send(struct world *w, const struct web_core_request *request)
{
	struct err err = ERR_INIT;
	struct bld out;

	bld_init(&out, 1024 * 1024);
	web_core_request_encode(&out, request);
	assert_int_equal(core_web_request(w->core, WORLD_PEER, ++w->last_id,
	    (uint16_t)request->type, bld_view(&out), &err), 0);
	bld_free(&out);
	world_turn(w);
	return w->last_id;
}

/* False if there is no answer yet. */
static inline bool
world_got(struct world *w, uint64_t id, struct web_core_answer *ret)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < w->num_answers; i++) {
		if (w->answers[i].id != id)
			continue;
		assert_int_equal(web_core_answer_decode(w->answers[i].type,
		    w->answers[i].payload, &w->arena, ret, &err), 0);
		return true;
	}
	return false;
}

/* Sends, and sends again whenever core crashed; peers work meanwhile. */
static inline void
world_call(struct world *w, const struct web_core_request *request,
    struct web_core_answer *ret)
{
	uint64_t id = 0;
	unsigned crashes = w->crashes + 1;
	int64_t until = w->now + 10 * WORLD_HOLD_MS;

	do {
		if (crashes != w->crashes) {
			crashes = w->crashes;
			id = world_send(w, request);
		}
		if (world_got(w, id, ret))
			return;
	} while (world_peer_step(w) || world_time_step(w, until) ||
	    crashes != w->crashes);
	fail_msg("no answer to request of type %d", (int)request->type);
}

/* Shorthands. */

/* SubjectPublicKeyInfo of Ed25519 public keys (RFC 8410 4): any 32 bytes will
 * do here. */
static inline void
world_make_spki(uint8_t spki[44], uint8_t n)
{
	static const uint8_t head[12] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
		0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

	memcpy(spki, head, sizeof(head));
	memset(spki + sizeof(head), n, 32);
}

static inline struct web_core_actor
world_register_account(struct world *w, uint8_t n)
{
	struct web_core_request request = { .type = WEB_CORE_ACCOUNT_NEW };
	struct web_core_actor actor;
	struct web_core_answer answer;
	uint8_t spki[44];

	world_make_spki(spki, n);
	request.account_new.key_spki = span_of(spki, sizeof(spki));
	world_call(w, &request, &answer);
	assert_int_equal(answer.type, WEB_CORE_ACCOUNT);
	actor.account_id = answer.account.account.id;
	memcpy(actor.thumbprint, answer.account.account.thumbprint,
	    JWK_THUMBPRINT_SIZE);
	return actor;
}

static inline struct web_core_request
world_order_request(const struct web_core_actor *actor, const char *name)
{
	struct web_core_request request = { .type = WEB_CORE_ORDER_NEW,
		.actor = *actor };

	request.order_new.idents.count = 1;
	request.order_new.idents.items[0] = (struct ident){ IDENT_DNS,
		span_str(name) };
	return request;
}

static inline struct order
world_new_order(struct world *w, const struct web_core_actor *actor,
    const char *name)
{
	struct web_core_request request = world_order_request(actor, name);
	struct web_core_answer answer;

	world_call(w, &request, &answer);
	assert_int_equal(answer.type, WEB_CORE_ORDER);
	return answer.order;
}

static inline struct web_core_request
world_respond_request(const struct web_core_actor *actor, int64_t authz_id)
{
	struct web_core_request request = {
		.type = WEB_CORE_CHALLENGE_RESPOND, .actor = *actor };

	request.challenge.authz_id = authz_id;
	request.challenge.type = CHALLENGE_HTTP_01;
	return request;
}

static inline struct web_core_request
world_get_request(enum web_core_type type, const struct web_core_actor *actor,
    int64_t id)
{
	struct web_core_request request = { .type = type, .actor = *actor };

	request.object_id = id;
	return request;
}

static inline struct web_core_request
world_finalize_request(const struct web_core_actor *actor, int64_t order_id,
    const char *signature, const char *payload, bool verified)
{
	struct web_core_request request = { .type = WEB_CORE_ORDER_FINALIZE,
		.actor = *actor };

	request.finalize.order_id = order_id;
	request.finalize.verified = verified;
	request.finalize.protected_b64 = SPAN_LIT("protected");
	request.finalize.payload_b64 = span_str(payload);
	request.finalize.signature = span_str(signature);
	return request;
}

static inline struct order
world_get_order(struct world *w, const struct web_core_actor *actor, int64_t id)
{
	struct web_core_request request = world_get_request(WEB_CORE_ORDER_GET,
	    actor, id);
	struct web_core_answer answer;

	world_call(w, &request, &answer);
	assert_int_equal(answer.type, WEB_CORE_ORDER);
	return answer.order;
}

static inline struct order
world_ready_order(struct world *w, const struct web_core_actor *actor,
    const char *name)
{
	struct order order = world_new_order(w, actor, name);
	struct web_core_request request = world_respond_request(actor,
	    order.authz_ids[0]);
	struct web_core_answer answer;

	world_call(w, &request, &answer);
	assert_int_equal(answer.type, WEB_CORE_AUTHZ);
	order = world_get_order(w, actor, order.id);
	assert_int_equal(order.status, ORDER_READY);
	return order;
}

/* A client with account 1 and a pending order for name, about to respond to its
 * challenge. */
struct world_client {
	struct web_core_actor actor;
	struct order order;
	struct web_core_request request;
};

static inline struct world_client
world_client(struct world *w, const char *name)
{
	struct world_client c;

	c.actor = world_register_account(w, 1);
	c.order = world_new_order(w, &c.actor, name);
	c.request = world_respond_request(&c.actor, c.order.authz_ids[0]);
	return c;
}

/* As web does it: verifies when it is told to. */
static inline void
world_finalize(struct world *w, const struct web_core_actor *actor, int64_t id,
    const char *signature, struct web_core_answer *ret)
{
	struct web_core_request request = world_finalize_request(actor, id,
	    signature, "csr", false);

	world_call(w, &request, ret);
	if (ret->type != WEB_CORE_VERIFY_FIRST)
		return;
	request.finalize.verified = true;
	world_call(w, &request, ret);
}

#endif
