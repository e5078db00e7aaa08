/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_WEB_WEB_FAKE_H
#define SIGNET_WEB_WEB_FAKE_H

/*
 * web_fake: web between a client that signs and a core that says what the
 * test wants, for web's tests alone: all static, included once in each.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "jose/jws.h"
#include "pkix/key.h"
#include "rpc/web_core.h"
#include "web/nonce.h"
#include "web/web_call.h"

#define FAKE_HOST "ca.test:14000"
#define FAKE_BASE "https://" FAKE_HOST
#define FAKE_KID FAKE_BASE "/acme/account/7"
#define FAKE_ACCOUNT 7
#define FAKE_FRAMES_MAX 16
#define FAKE_TEXT_MAX (4U << 20)

struct fake_frame {
	uint16_t type;
	uint64_t id;
	struct span payload; /* in fake.arena */
};

struct fake {
	struct env env;
	struct config config;
	struct nonces *nonces;
	struct web *web;
	struct arena arena;
	int64_t now;
	uint64_t seed;
	void (*timer)(void *arg);
	void *timer_arg;
	struct jwk key;          /* account 7's */
	size_t num_frames;       /* sent to core */
	struct fake_frame frames[FAKE_FRAMES_MAX];
	uint64_t exchange;       /* of the last request */
	bool answered;           /* it was */
	int status;
	char *content_type;      /* or NULL */
	char *body;
	char *headers;           /* "Name: value\n" of all */
};

__attribute__((unused)) static int64_t
fake_now(void *ctx)
{
	return ((struct fake *)ctx)->now;
}

__attribute__((unused)) static void
fake_random(void *ctx, void *out, size_t len)
{
	struct fake *fake = ctx;
	uint8_t *at = out;

	for (size_t i = 0; i < len; i++) {
		fake->seed = fake->seed * 6364136223846793005U + 1442695041U;
		at[i] = (uint8_t)(fake->seed >> 56);
	}
}

__attribute__((unused)) static struct env_timer *
fake_timer_start(void *ctx, int64_t delay_ms, void (*cb)(void *arg), void *arg)
{
	struct fake *fake = ctx;

	assert_true(delay_ms > 0);
	assert_null(fake->timer);
	fake->timer = cb;
	fake->timer_arg = arg;
	return (struct env_timer *)(void *)fake;
}

__attribute__((unused)) static void
fake_timer_cancel(void *ctx, struct env_timer *timer)
{
	struct fake *fake = ctx;

	assert_ptr_equal(timer, fake);
	fake->timer = NULL;
}

__attribute__((unused)) static void
fake_send(void *ctx, uint16_t type, uint64_t id, struct span payload)
{
	struct fake *fake = ctx;

	assert_true(fake->num_frames < FAKE_FRAMES_MAX);
	fake->frames[fake->num_frames++] = (struct fake_frame){
		.type = type, .id = id,
		.payload = arena_dup(&fake->arena, payload),
	};
}

__attribute__((unused)) static void
fake_respond(void *ctx, uint64_t exchange,
    const struct http_response *response)
{
	struct fake *fake = ctx;
	struct bld text;

	if (exchange != fake->exchange)
		return;
	assert_false(fake->answered);
	fake->answered = true;
	fake->status = response->status;
	fake->content_type = response->content_type == NULL ? NULL :
	    arena_str(&fake->arena, span_str(response->content_type));
	fake->body = arena_str(&fake->arena, response->body);
	bld_init(&text, FAKE_TEXT_MAX);
	for (size_t i = 0; i < response->num_headers; i++)
		bld_fmt(&text, "%s: %.*s\n", response->headers[i].name,
		    SPAN_FMT(response->headers[i].value));
	fake->headers = arena_str(&fake->arena, bld_view(&text));
	bld_free(&text);
}

static const struct web_ops fake_ops = {
	.send = fake_send, .respond = fake_respond,
};

__attribute__((unused)) static void
fake_key(struct jwk *ret)
{
	struct arena arena = { .used = 0 };
	EVP_PKEY *pkey = NULL;
	struct span spki;
	struct err err;

	assert_int_equal(key_generate(&pkey, &err), 0);
	assert_int_equal(key_to_spki(pkey, &arena, &spki, &err), 0);
	assert_int_equal(jwk_from_spki(spki, ret, &err), 0);
	EVP_PKEY_free(ret->pkey); /* for the one with its private half */
	ret->pkey = pkey;
	arena_free(&arena);
}

/* tune may change the configuration; NULL for none. */
__attribute__((unused)) static void
fake_init(struct fake *fake, void (*tune)(struct config *config))
{
	static const char boot_id[NONCE_BOOT_ID_SIZE] = "boot";
	struct err err;

	*fake = (struct fake){ .now = 1800000000000, .seed = 1 };
	fake->env = (struct env){
		.ctx = fake, .now = fake_now, .random = fake_random,
		.timer_start = fake_timer_start,
		.timer_cancel = fake_timer_cancel,
	};
	config_init(&fake->config);
	if (tune != NULL)
		tune(&fake->config);
	assert_int_equal(nonce_open(-1, boot_id, &fake->env, &fake->nonces,
	    &err), 0);
	fake_key(&fake->key);
	fake->web = web_new(&fake->env, &fake_ops, fake, fake->nonces,
	    &fake->config);
	web_core_up(fake->web);
}

__attribute__((unused)) static void
fake_done(struct fake *fake)
{
	assert_int_equal(fake->web->num_calls, 0);
	web_free(fake->web);
	nonce_close(fake->nonces);
	jwk_done(&fake->key);
	config_free(&fake->config);
	arena_free(&fake->arena);
}

/*
 * The client.
 */

__attribute__((unused)) static void
fake_request(struct fake *fake, enum http_method method, const char *target,
    const char *content_type, struct span body)
{
	const char *query = strchr(target, '?');
	struct http_request request = {
		.method = method,
		.path = query == NULL ? span_str(target) :
		    span_of(target, (size_t)(query - target)),
		.query = query == NULL ? SPAN_NONE : span_str(query + 1),
		.target = span_str(target),
		.host = SPAN_LIT(FAKE_HOST),
		.content_type = span_str(content_type),
		.body = body,
		.peer = SPAN_LIT("192.0.2.1"),
	};

	fake->answered = false;
	fake->exchange++;
	web_request(fake->web, &request, fake->exchange);
}

/* A protected header: who is its "kid" or "jwk" member. */
__attribute__((unused)) static char *
fake_header(struct fake *fake, const char *url, const char *who)
{
	char nonce[NONCE_TEXT_SIZE];
	struct bld out;
	char *text;

	nonce_make(fake->nonces, nonce);
	bld_init(&out, FAKE_TEXT_MAX);
	bld_fmt(&out, "{\"alg\":\"ES256\",\"nonce\":\"%s\",\"url\":\"%s\",%s}",
	    nonce, url, who);
	text = arena_str(&fake->arena, bld_view(&out));
	bld_free(&out);
	return text;
}

__attribute__((unused)) static char *
fake_jwk(struct fake *fake, const struct jwk *key)
{
	struct err err;
	struct bld out;
	char *text;

	bld_init(&out, FAKE_TEXT_MAX);
	bld_str(&out, "\"jwk\":");
	assert_int_equal(jwk_put(&out, key, &err), 0);
	text = arena_str(&fake->arena, bld_view(&out));
	bld_free(&out);
	return text;
}

/* Signs and sends. */
__attribute__((unused)) static void
fake_send_jws(struct fake *fake, const char *target, const char *header,
    const char *payload, const struct jwk *key)
{
	struct err err;
	struct bld body;

	bld_init(&body, FAKE_TEXT_MAX);
	assert_int_equal(jws_sign(&body, span_str(header), span_str(payload),
	    key, &err), 0);
	fake_request(fake, HTTP_POST, target, "application/jose+json",
	    bld_view(&body));
	bld_free(&body);
}

__attribute__((unused)) static char *
fake_url(struct fake *fake, const char *target)
{
	struct bld out;
	char *text;

	bld_init(&out, FAKE_TEXT_MAX);
	bld_fmt(&out, "%s%s", FAKE_BASE, target);
	text = arena_str(&fake->arena, bld_view(&out));
	bld_free(&out);
	return text;
}

/* A good POST of account 7; "" is POST-as-GET. */
__attribute__((unused)) static void
fake_post(struct fake *fake, const char *target, const char *payload)
{
	fake_send_jws(fake, target, fake_header(fake, fake_url(fake, target),
	    "\"kid\":\"" FAKE_KID "\""), payload, &fake->key);
}

__attribute__((unused)) static void
fake_post_new_account(struct fake *fake, const char *payload)
{
	fake_send_jws(fake, "/acme/new-account", fake_header(fake,
	    FAKE_BASE "/acme/new-account", fake_jwk(fake, &fake->key)),
	    payload, &fake->key);
}

/*
 * Core.
 */

/* The only frame sent since the last one was taken. */
__attribute__((unused)) static struct fake_frame
fake_take(struct fake *fake, enum web_core_type type,
    struct web_core_request *ret)
{
	struct fake_frame frame = fake->frames[0];
	struct err err;

	assert_int_equal(fake->num_frames, 1);
	fake->num_frames = 0;
	assert_int_equal(frame.type, type);
	assert_int_equal(web_core_request_decode(frame.type, frame.payload,
	    &fake->arena, ret, &err), 0);
	return frame;
}

__attribute__((unused)) static int
fake_answer_raw(struct fake *fake, uint64_t id,
    const struct web_core_answer *answer)
{
	struct err err = ERR_INIT;
	struct bld out;
	int r;

	bld_init(&out, FAKE_TEXT_MAX);
	web_core_answer_encode(&out, answer);
	r = web_core_answered(fake->web, (uint16_t)answer->type, id,
	    bld_view(&out), &err);
	bld_free(&out);
	return r;
}

__attribute__((unused)) static void
fake_answer(struct fake *fake, struct fake_frame frame,
    const struct web_core_answer *answer)
{
	assert_int_equal(fake_answer_raw(fake, frame.id, answer), 0);
}

__attribute__((unused)) static void
fake_answer_problem(struct fake *fake, struct fake_frame frame,
    enum err_kind kind, const char *detail)
{
	struct web_core_answer answer = {
		.type = WEB_CORE_PROBLEM,
		.problem = { .kind = kind, .detail = span_str(detail) },
	};

	fake_answer(fake, frame, &answer);
}

__attribute__((unused)) static struct web_core_answer
fake_account(struct fake *fake, const struct jwk *key)
{
	struct web_core_answer answer = {
		.type = WEB_CORE_ACCOUNT,
		.account.account = {
			.id = FAKE_ACCOUNT, .status = ACCOUNT_VALID,
			.created_at = fake->now,
		},
	};
	struct account *account = &answer.account.account;
	struct err err;

	memcpy(account->thumbprint, key->thumbprint, JWK_THUMBPRINT_SIZE);
	assert_int_equal(key_to_spki(key->pkey, &fake->arena,
	    &account->key_spki, &err), 0);
	return answer;
}

/* Answers the question for the account's key. */
__attribute__((unused)) static void
fake_give_key(struct fake *fake, const struct jwk *key)
{
	struct web_core_request request;
	struct fake_frame frame = fake_take(fake, WEB_CORE_ACCOUNT_KEY,
	    &request);
	struct web_core_answer answer = fake_account(fake, key);

	assert_int_equal(request.account_id, FAKE_ACCOUNT);
	fake_answer(fake, frame, &answer);
}

/* fake_post for a web that does not know the key yet; gives the question. */
__attribute__((unused)) static struct fake_frame
fake_ask(struct fake *fake, const char *target, const char *payload,
    enum web_core_type type, struct web_core_request *ret)
{
	struct fake_frame frame;

	fake_post(fake, target, payload);
	if (fake->num_frames == 1 &&
	    fake->frames[0].type == WEB_CORE_ACCOUNT_KEY)
		fake_give_key(fake, &fake->key);
	if (fake->answered)
		fail_msg("%s was answered with %d %s", target, fake->status,
		    fake->body);
	frame = fake_take(fake, type, ret);
	assert_int_equal(ret->actor.account_id, FAKE_ACCOUNT);
	assert_memory_equal(ret->actor.thumbprint, fake->key.thumbprint,
	    JWK_THUMBPRINT_SIZE);
	return frame;
}

__attribute__((unused)) static struct web_core_answer
fake_order(struct fake *fake, enum order_status status)
{
	struct web_core_answer answer = {
		.type = WEB_CORE_ORDER,
		.order = {
			.id = 11, .account_id = FAKE_ACCOUNT, .status = status,
			.expires_at = fake->now + 3600000,
			.idents = {
				.count = 1,
				.items = { { IDENT_DNS, SPAN_LIT("a.test") } },
			},
			.authz_ids = { 12 },
			.certificate_id = status == ORDER_VALID ? 13 : 0,
		},
	};

	return answer;
}

__attribute__((unused)) static struct web_core_answer
fake_authz(struct fake *fake, enum authz_status status,
    enum challenge_status attempted)
{
	struct web_core_answer answer = {
		.type = WEB_CORE_AUTHZ,
		.authz = {
			.id = 12, .account_id = FAKE_ACCOUNT, .status = status,
			.expires_at = fake->now + 3600000,
			.ident = { IDENT_DNS, SPAN_LIT("a.test") },
			.offered = 1U << CHALLENGE_HTTP_01,
			.attempted = attempted == CHALLENGE_PENDING ? 0 :
			    CHALLENGE_HTTP_01,
			.attempted_status =
			    attempted == CHALLENGE_PENDING ? 0 : attempted,
		},
	};

	memset(answer.authz.token, 'T', ACME_TOKEN_SIZE);
	return answer;
}

/*
 * What came back.
 */

__attribute__((unused)) static void
fake_expect_header(const struct fake *fake, const char *line)
{
	const char *at = strstr(fake->headers, line);

	if (at == NULL || (at != fake->headers && at[-1] != '\n') ||
	    at[strlen(line)] != '\n')
		fail_msg("no \"%s\" in\n%s", line, fake->headers);
}

__attribute__((unused)) static void
fake_expect_no_header(const struct fake *fake, const char *name)
{
	if (strstr(fake->headers, name) != NULL)
		fail_msg("\"%s\" is in\n%s", name, fake->headers);
}

__attribute__((unused)) static void
fake_expect(const struct fake *fake, int status, const char *content_type,
    const char *body)
{
	assert_true(fake->answered);
	if (fake->status != status ||
	    (body != NULL && strcmp(fake->body, body) != 0))
		fail_msg("%d %s", fake->status, fake->body);
	if (content_type == NULL)
		assert_null(fake->content_type);
	else
		assert_string_equal(fake->content_type, content_type);
}

/* A problem document of this type, with its fresh nonce. */
__attribute__((unused)) static void
fake_expect_problem(const struct fake *fake, int status, const char *type)
{
	char start[256], end[32];

	fake_expect(fake, status, "application/problem+json", NULL);
	snprintf(start, sizeof(start),
	    "{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"", type);
	snprintf(end, sizeof(end), "\"status\":%d", status);
	if (strncmp(fake->body, start, strlen(start)) != 0 ||
	    strstr(fake->body, end) == NULL)
		fail_msg("not %d %s: %s", status, type, fake->body);
	fake_expect_header(fake, "Link: <" FAKE_BASE "/dir>;rel=\"index\"");
}

/* The Replay-Nonce, which must be good. */
__attribute__((unused)) static void
fake_expect_nonce(struct fake *fake)
{
	const char *at = strstr(fake->headers, "Replay-Nonce: ");

	assert_non_null(at);
	assert_true(nonce_take(fake->nonces, span_of(at + 14,
	    NONCE_TEXT_SIZE - 1)));
	assert_null(strstr(at + 14, "Replay-Nonce: "));
}

#endif
