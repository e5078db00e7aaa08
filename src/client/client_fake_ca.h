/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CLIENT_FAKE_CA_H
#define SIGNET_CLIENT_FAKE_CA_H

/*
 * client_fake_ca: a CA of a few hundred lines for the client's tests, and
 * rules that make its n-th answer to a path a different one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"
#include "client/client.h"
#include "client/client_names.h"
#include "pkix/key.h"
#include "pkix/pki.h"

#define FAKE_TOP "https://ca.example"
#define FAKE_RULES_MAX 16
#define FAKE_TIMERS_MAX 256
#define FAKE_QUEUE_MAX 256
#define FAKE_STEPS_MAX 20000
#define FAKE_START INT64_C(1795255200000) /* 2026-11-21T10:00:00Z */
#define FAKE_TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ"

/* Instead of the CA's own answer. */
struct fake_rule {
	const char *path;  /* what the request's path begins with */
	unsigned nth;      /* of the requests that do, from 1; 0: each */
	int status;        /* 0: the CA's own, with the members below */
	const char *body;
	const char *location;
	const char *retry_after;
	const char *date;
	const char *link;
	bool no_nonce;
	enum err_kind fail; /* no answer at all */
	unsigned hits;
};

struct env_timer {
	bool used;
	int64_t at;
	void (*cb)(void *arg);
	void *arg;
};

struct fake_request {
	uint64_t id;
	enum client_http_method method;
	char *path;
	char *body;
};

struct fake_sign {
	uint64_t id;
	struct client_sign sign;
	char *payload;
};

struct fake {
	struct env env;
	int64_t now;
	struct env_timer timers[FAKE_TIMERS_MAX];
	struct client *client;
	struct arena arena;
	struct bld log;         /* "POST /order {...}\n" */
	struct fake_rule rules[FAKE_RULES_MAX];
	size_t num_rules;
	struct fake_request requests[FAKE_QUEUE_MAX];
	size_t num_requests;
	struct fake_sign signs[FAKE_QUEUE_MAX];
	size_t num_signs;
	/* The CA. */
	const char *meta;       /* more of the directory's "meta" */
	const char *more_urls;  /* more of the directory */
	unsigned nonces;
	unsigned orders;        /* made */
	const char *methods;    /* that it offers, with commas */
	const char *profile;    /* that its orders say; NULL: none */
	size_t num_names;
	const char *names[4];   /* of the last order; wildcards with "*." */
	bool valid[4];          /* their authorizations */
	unsigned processing;    /* answers with "processing" after finalize */
	unsigned polls;         /* answers "pending" of an authorization */
	unsigned polled;
	bool finalized;
	const char *chain;
	/* What the caller does and has seen. */
	enum client_method solve; /* 0: declines */
	bool silent;              /* never says that it is solved */
	enum err_kind sign_fails;
	unsigned offers;
	unsigned cleans;
	unsigned accounts;
	bool done;
	uint64_t done_op;
	struct client_result result; /* deep enough, in arena */
	struct client_offer offer; /* the last first one */
};

static inline char *
fake_dup(struct fake *fake, struct span s)
{
	return arena_str(&fake->arena, s);
}

/* ---- the CA ---- */

static inline const char *
fake_order_json(struct fake *fake)
{
	bool all = true;
	struct bld out;
	char *text;

	bld_init(&out, 65536);
	for (size_t i = 0; i < fake->num_names; i++)
		all &= fake->valid[i];
	bld_fmt(&out, "{\"status\":\"%s\",\"identifiers\":[", !all ? "pending" :
	    !fake->finalized ? "ready" : fake->processing > 0 ? "processing" :
	    "valid");
	for (size_t i = 0; i < fake->num_names; i++)
		bld_fmt(&out, "%s{\"type\":\"%s\",\"value\":\"%s\"}",
		    i > 0 ? "," : "", fake->names[i][0] == '1' ? "ip" : "dns",
		    fake->names[i]);
	bld_str(&out, "],\"authorizations\":[");
	for (size_t i = 0; i < fake->num_names; i++)
		bld_fmt(&out, "%s\"" FAKE_TOP "/authz/%zu\"", i > 0 ? "," : "",
		    i);
	bld_str(&out, "],\"finalize\":\"" FAKE_TOP "/finalize\"");
	if (fake->profile != NULL)
		bld_fmt(&out, ",\"profile\":\"%s\"", fake->profile);
	if (all && fake->finalized && fake->processing == 0)
		bld_str(&out, ",\"certificate\":\"" FAKE_TOP "/cert\"");
	bld_u8(&out, '}');
	if (fake->processing > 0 && fake->finalized)
		fake->processing--;
	text = fake_dup(fake, bld_view(&out));
	bld_free(&out);
	return text;
}

static inline const char *
fake_authz_json(struct fake *fake, size_t i)
{
	bool wildcard = fake->names[i][0] == '*';
	struct bld out;
	const char *at = fake->methods;
	char *text;

	bld_init(&out, 65536);
	bld_fmt(&out, "{\"status\":\"%s\",\"expires\":\"2026-11-28T10:00:00Z\","
	    "\"identifier\":{\"type\":\"%s\",\"value\":\"%s\"},"
	    "\"wildcard\":%s,\"challenges\":[",
	    fake->valid[i] ? "valid" : "pending",
	    fake->names[i][0] == '1' ? "ip" : "dns",
	    fake->names[i] + (wildcard ? 2 : 0), wildcard ? "true" : "false");
	while (*at != '\0') {
		int len = (int)strcspn(at, ",");

		bld_fmt(&out, "%s{\"type\":\"%.*s\",\"status\":\"%s\",\"url\":"
		    "\"" FAKE_TOP "/chall/%zu\",\"token\":\"" FAKE_TOKEN
		    "\",\"issuer-domain-names\":[\"ca.example\"]}",
		    at == fake->methods ? "" : ",", len, at,
		    fake->valid[i] ? "valid" : "pending", i);
		at += len + (at[len] == ',');
	}
	bld_str(&out, "]}");
	text = fake_dup(fake, bld_view(&out));
	bld_free(&out);
	return text;
}

/* The CA as it should be. */
static inline void
fake_serve(struct fake *fake, const struct fake_request *request,
    struct client_response *ret)
{
	const char *path = request->path, *body = "{}";
	struct bld text;

	bld_init(&text, 65536);
	ret->status = 200;
	if (strcmp(path, "/dir") == 0) {
		bld_fmt(&text, "{\"newNonce\":\"" FAKE_TOP "/nonce\","
		    "\"newAccount\":\"" FAKE_TOP "/account\",\"newOrder\":\""
		    FAKE_TOP "/order\",\"revokeCert\":\"" FAKE_TOP
		    "/revoke\"%s,\"meta\":{%s}}", fake->more_urls, fake->meta);
		body = fake_dup(fake, bld_view(&text));
	} else if (strcmp(path, "/account") == 0) {
		ret->status = 201;
		ret->location = SPAN_LIT(FAKE_TOP "/account/1");
	} else if (strcmp(path, "/account/1") == 0) {
		body = "{\"status\":\"valid\",\"orders\":\"" FAKE_TOP
		    "/orders\"}";
	} else if (strcmp(path, "/orders") == 0) {
		body = "{\"orders\":[\"" FAKE_TOP "/order/1\"]}";
	} else if (strcmp(path, "/order") == 0) {
		fake->orders++;
		fake->polled = 0;
		fake->finalized = false;
		ret->status = 201;
		ret->location = SPAN_LIT(FAKE_TOP "/order/1");
		body = fake_order_json(fake);
	} else if (strncmp(path, "/order/", 7) == 0) {
		body = fake_order_json(fake);
	} else if (strncmp(path, "/authz/", 7) == 0) {
		size_t i = (size_t)(path[7] - '0');

		if (fake->polled > 0 && --fake->polled == 0)
			fake->valid[i] = true;
		body = fake_authz_json(fake, i);
	} else if (strncmp(path, "/chall/", 7) == 0) {
		if (fake->polls == 0)
			fake->valid[path[7] - '0'] = true;
		fake->polled = fake->polls;
		bld_fmt(&text, "{\"type\":\"http-01\",\"status\":\"%s\",\"url\":"
		    "\"" FAKE_TOP "%s\",\"token\":\"" FAKE_TOKEN "\"}",
		    fake->polls == 0 ? "valid" : "processing", path);
		body = fake_dup(fake, bld_view(&text));
	} else if (strcmp(path, "/finalize") == 0) {
		fake->finalized = true;
		body = fake_order_json(fake);
	} else if (strcmp(path, "/cert") == 0) {
		body = fake->chain;
	}
	ret->body = span_str(body);
	bld_free(&text);
}

static inline void
fake_apply(struct fake *fake, struct fake_rule *rule,
    const struct fake_request *request, struct client_response *ret)
{
	if (rule->fail != 0) {
		err_set(&ret->err, rule->fail, NULL, "the line is cut");
		return;
	}
	if (rule->status == 0)
		fake_serve(fake, request, ret);
	else
		ret->status = rule->status;
	if (rule->body != NULL)
		ret->body = span_str(rule->body);
	if (rule->location != NULL)
		ret->location = span_str(rule->location);
	if (rule->retry_after != NULL)
		ret->retry_after = span_str(rule->retry_after);
	if (rule->date != NULL)
		ret->date = span_str(rule->date);
	if (rule->link != NULL)
		ret->links[ret->num_links++] = span_str(rule->link);
	if (rule->no_nonce)
		ret->nonce = SPAN_NONE;
}

static inline void
fake_answer(struct fake *fake, const struct fake_request *request)
{
	static const char *const names[] = { "", "GET", "HEAD", "POST" };
	struct client_response response = { .status = 0 };
	struct fake_rule *match = NULL;
	char nonce[32];

	bld_fmt(&fake->log, "%s %s %s\n", names[request->method],
	    request->path, request->body);
	snprintf(nonce, sizeof(nonce), "nonce-%u", ++fake->nonces);
	response.nonce = span_str(nonce);
	if (request->method == CLIENT_GET)
		response.nonce = SPAN_NONE;
	for (size_t i = 0; i < fake->num_rules; i++) {
		struct fake_rule *rule = &fake->rules[i];

		if (strncmp(request->path, rule->path, strlen(rule->path)) != 0)
			continue;
		rule->hits++;
		if (match == NULL && (rule->nth == 0 ||
		    rule->nth == rule->hits))
			match = rule;
	}
	if (match != NULL)
		fake_apply(fake, match, request, &response);
	else
		fake_serve(fake, request, &response);
	client_http_done(fake->client, request->id, &response);
}

#endif
