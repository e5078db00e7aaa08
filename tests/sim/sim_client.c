/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_client.h"

#include <stdio.h>

#include "base/json.h"
#include "base/text.h"
#include "jose/jws.h"

#define ANSWER_TIMEOUT_MS 20000 /* without an answer the step is repeated */
#define STEP_TRIES_MAX 200      /* of one step; more is a server that hangs */
#define REQUEST_MAX 65536

static void step(struct sim_client *client);

static void
give_up(struct sim_client *client, const char *why, struct span detail)
{
	char text[sizeof(client->trouble) / 2];

	client->want = SIM_GAVE_UP;
	text_printable(text, sizeof(text), detail);
	snprintf(client->trouble, sizeof(client->trouble), "%s: %s", why,
	    text);
}

static void
cancel_timer(struct sim_client *client)
{
	if (client->timer != NULL)
		sim_world_cancel(client->world, client->timer);
	client->timer = NULL;
}

static void
on_timer(void *arg, const void *data, size_t data_len)
{
	struct sim_client *client = arg;

	(void)data;
	(void)data_len;
	client->timer = NULL;
	step(client);
}

/* Does the present step (again) after a while. */
static void
again(struct sim_client *client, int64_t delay_ms)
{
	cancel_timer(client);
	client->timer = sim_world_after(client->world, client->process,
	    delay_ms, on_timer, client, NULL, 0);
}

static void
go(struct sim_client *client, enum sim_want want)
{
	client->want = want;
	client->tries = 0;
	again(client, (int64_t)sim_world_below(client->world, 20));
}

static const char *
path_of(const struct sim_client *client, const char *url)
{
	size_t n = strlen(client->base_url);

	return strncmp(url, client->base_url, n) == 0 ? url + n : url;
}

static void
post(struct sim_client *client, const char *url, struct span payload)
{
	struct bld header, jwk, body;
	struct err err = ERR_INIT;

	bld_init(&header, REQUEST_MAX);
	bld_init(&jwk, REQUEST_MAX);
	bld_init(&body, REQUEST_MAX);
	bld_fmt(&header, "{\"alg\":\"%s\",\"nonce\":\"%s\",\"url\":\"%s\",",
	    jwk_alg_name(client->key->alg), client->nonce, url);
	if (client->account_url[0] == '\0') {
		jwk_put(&jwk, client->key, &err);
		bld_str(&header, "\"jwk\":");
		bld_span(&header, bld_view(&jwk));
		bld_str(&header, "}");
	} else {
		bld_fmt(&header, "\"kid\":\"%s\"}", client->account_url);
	}
	client->nonce[0] = '\0';
	if (jws_sign(&body, bld_view(&header), payload, client->key, &err) != 0)
		give_up(client, "cannot sign", span_str(err.text));
	else
		client->send(client->send_ctx, client, "POST",
		    path_of(client, url), bld_view(&body));
	bld_free(&header);
	bld_free(&jwk);
	bld_free(&body);
}

static void
post_order(struct sim_client *client, const char *url)
{
	struct bld payload;

	bld_init(&payload, REQUEST_MAX);
	bld_str(&payload, "{\"identifiers\":[");
	for (size_t i = 0; i < client->num_names; i++)
		bld_fmt(&payload, "%s{\"type\":\"dns\",\"value\":\"%s\"}",
		    i == 0 ? "" : ",", client->names[i]);
	bld_str(&payload, "]}");
	post(client, url, bld_view(&payload));
	bld_free(&payload);
}

static void
post_finalize(struct sim_client *client)
{
	char url[SIM_URL_MAX + 16];
	struct bld payload;

	bld_init(&payload, REQUEST_MAX);
	bld_str(&payload, "{\"csr\":\"");
	text_base64url(&payload, client->csr);
	bld_str(&payload, "\"}");
	snprintf(url, sizeof(url), "%s/finalize", client->order_url);
	post(client, url, bld_view(&payload));
	bld_free(&payload);
}

/* Sends the request of the step that it is at. */
static void
step(struct sim_client *client)
{
	char url[SIM_URL_MAX];

	if (client->want == SIM_DONE || client->want == SIM_GAVE_UP)
		return;
	if (client->tries++ > STEP_TRIES_MAX) {
		snprintf(url, sizeof(url), "step %d", (int)client->want);
		give_up(client, "no end of trying", span_str(url));
		return;
	}
	again(client, ANSWER_TIMEOUT_MS);
	if (client->nonce[0] == '\0' || client->want == SIM_WANT_NONCE) {
		client->send(client->send_ctx, client, "HEAD",
		    "/acme/new-nonce", SPAN_NONE);
		return;
	}
	switch (client->want) {
	case SIM_WANT_ACCOUNT:
		snprintf(url, sizeof(url), "%s/acme/new-account",
		    client->base_url);
		post(client, url, SPAN_LIT("{\"termsOfServiceAgreed\":true}"));
		break;
	case SIM_WANT_ORDER:
		snprintf(url, sizeof(url), "%s/acme/new-order",
		    client->base_url);
		post_order(client, url);
		break;
	case SIM_WANT_AUTHZ:
	case SIM_WANT_AUTHZ_POLL:
		post(client, client->authz_url[client->authz_at], SPAN_NONE);
		break;
	case SIM_WANT_CHALLENGE:
		post(client, client->challenge_url, SPAN_LIT("{}"));
		break;
	case SIM_WANT_FINALIZE:
		post_finalize(client);
		break;
	case SIM_WANT_ORDER_POLL:
		post(client, client->order_url, SPAN_NONE);
		break;
	case SIM_WANT_CERTIFICATE:
		post(client, client->certificate_url, SPAN_NONE);
		break;
	case SIM_WANT_NONCE:
	case SIM_DONE:
	case SIM_GAVE_UP:
		break;
	}
}

static void
keep(char *out, size_t out_size, struct span in)
{
	size_t len = in.len < out_size ? in.len : out_size - 1;

	if (len > 0)
		memcpy(out, in.data, len);
	out[len] = '\0';
}

static const char *
text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

static void
new_order(struct sim_client *client)
{
	if (++client->orders > SIM_ORDERS_MAX) {
		give_up(client, "too many orders became invalid", SPAN_NONE);
		return;
	}
	client->order_url[0] = '\0';
	client->certificate_url[0] = '\0';
	go(client, SIM_WANT_ORDER);
}

static void
on_order(struct sim_client *client, const json_t *order)
{
	const char *status = text_of(order, "status");
	const json_t *authz = json_object_get(order, "authorizations");

	client->num_authz = json_array_size(authz);
	if (client->num_authz > SIM_NAMES_MAX) {
		give_up(client, "more authorizations than names", SPAN_NONE);
		return;
	}
	for (size_t i = 0; i < client->num_authz; i++)
		keep(client->authz_url[i], SIM_URL_MAX,
		    span_str(json_string_value(json_array_get(authz, i))));
	if (strcmp(status, "pending") == 0) {
		client->authz_at = 0;
		go(client, SIM_WANT_AUTHZ);
	} else if (strcmp(status, "ready") == 0) {
		go(client, SIM_WANT_FINALIZE);
	} else if (strcmp(status, "processing") == 0) {
		client->want = SIM_WANT_ORDER_POLL;
		again(client, 1000);
	} else if (strcmp(status, "valid") == 0) {
		keep(client->certificate_url, SIM_URL_MAX,
		    span_str(text_of(order, "certificate")));
		go(client, SIM_WANT_CERTIFICATE);
	} else {
		new_order(client);
	}
}

static void
take_challenge(struct sim_client *client, const json_t *authz)
{
	const json_t *challenge = NULL, *each;
	size_t i;

	json_array_foreach(json_object_get(authz, "challenges"), i, each)
		if (strcmp(text_of(each, "type"), "http-01") == 0)
			challenge = each;
	if (challenge == NULL) {
		give_up(client, "no http-01 challenge", SPAN_NONE);
		return;
	}
	keep(client->token[client->authz_at], sizeof(client->token[0]),
	    span_str(text_of(challenge, "token")));
	keep(client->challenge_url, SIM_URL_MAX,
	    span_str(text_of(challenge, "url")));
	go(client, SIM_WANT_CHALLENGE);
}

static void
on_authz(struct sim_client *client, const json_t *authz)
{
	const char *status = text_of(authz, "status");

	if (strcmp(status, "valid") == 0) {
		if (++client->authz_at < client->num_authz)
			go(client, SIM_WANT_AUTHZ);
		else
			go(client, SIM_WANT_ORDER_POLL);
	} else if (strcmp(status, "pending") == 0 &&
	    client->want == SIM_WANT_AUTHZ) {
		take_challenge(client, authz);
	} else if (strcmp(status, "pending") == 0) {
		client->want = SIM_WANT_AUTHZ_POLL;
		again(client, 1000);
	} else {
		new_order(client);
	}
}

static void
on_object(struct sim_client *client, const struct sim_answer *answer,
    const json_t *object)
{
	switch (client->want) {
	case SIM_WANT_ACCOUNT:
		keep(client->account_url, SIM_URL_MAX, answer->location);
		new_order(client);
		break;
	case SIM_WANT_ORDER:
		keep(client->order_url, SIM_URL_MAX, answer->location);
		on_order(client, object);
		break;
	case SIM_WANT_AUTHZ:
	case SIM_WANT_AUTHZ_POLL:
		on_authz(client, object);
		break;
	case SIM_WANT_CHALLENGE:
		go(client, SIM_WANT_AUTHZ_POLL);
		break;
	case SIM_WANT_FINALIZE:
	case SIM_WANT_ORDER_POLL:
		on_order(client, object);
		break;
	case SIM_WANT_NONCE:
	case SIM_WANT_CERTIFICATE:
	case SIM_DONE:
	case SIM_GAVE_UP:
		break;
	}
}

static void
on_problem(struct sim_client *client, const struct sim_answer *answer,
    const json_t *problem)
{
	const char *type = text_of(problem, "type");

	if (strstr(type, ":badNonce") != NULL)
		again(client, 0);
	else if (answer->status >= 500 || strstr(type, ":rateLimited") != NULL)
		again(client, answer->retry_after_s > 0 ?
		    answer->retry_after_s * 1000 : 1000);
	else if (strstr(type, ":orderNotReady") != NULL)
		go(client, SIM_WANT_ORDER_POLL);
	else
		give_up(client, "refused", answer->body);
}

void
sim_client_answer(struct sim_client *client, const struct sim_answer *answer)
{
	struct err err = ERR_INIT;
	json_t *object = NULL;

	if (client->want == SIM_DONE || client->want == SIM_GAVE_UP)
		return;
	if (answer->nonce.len > 0)
		keep(client->nonce, sizeof(client->nonce), answer->nonce);
	if (answer->status == 200 && client->want == SIM_WANT_CERTIFICATE &&
	    span_starts_with(answer->body, SPAN_LIT("-----BEGIN"))) {
		cancel_timer(client);
		client->certificate = mem_zalloc(answer->body.len + 1);
		memcpy(client->certificate, answer->body.data,
		    answer->body.len);
		client->want = SIM_DONE;
		return;
	}
	if (answer->body.len == 0) {
		if (client->want == SIM_WANT_NONCE)
			client->want = SIM_WANT_ACCOUNT;
		again(client, 0);
		return;
	}
	if (json_parse_object(answer->body, "the answer", &object, &err) != 0)
		give_up(client, "no JSON", answer->body);
	else if (answer->status >= 400)
		on_problem(client, answer, object);
	else
		on_object(client, answer, object);
	json_decref(object);
}

void
sim_client_start(struct sim_client *client)
{
	go(client, SIM_WANT_NONCE);
}

void
sim_client_done(struct sim_client *client)
{
	free(client->certificate);
	client->certificate = NULL;
}

bool
sim_client_serves(const struct sim_client *client, const char *name,
    struct span token, struct bld *out)
{
	for (size_t i = 0; i < SIM_NAMES_MAX; i++) {
		if (client->token[i][0] == '\0' ||
		    !span_equal_str(token, client->token[i]))
			continue;
		for (size_t j = 0; j < client->num_names; j++) {
			if (strcmp(client->names[j], name) != 0)
				continue;
			jwk_key_authorization(out, token,
			    client->key->thumbprint);
			return true;
		}
	}
	return false;
}
