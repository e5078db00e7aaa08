/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_VALIDATOR_FAKE_ENV_H
#define SIGNET_VALIDATOR_FAKE_ENV_H

/*
 * fake_env: for the tests of this folder: an env whose DNS and web are const
 * tables and whose time passes only when nothing else is to be done. What was
 * asked is kept as text.
 */

#include <arpa/inet.h>
#include <stdio.h>

#include "base/bld.h"
#include "base/mem.h"
#include "dns/dns_resolver.h"
#include "http/http_client.h"

struct fake_dns {
	const char *name;
	enum dns_type type;
	enum dns_status status;
	/* A and AAAA: addresses; CAA: tag=value; separated by blanks. */
	const char *records;
	int64_t delay_ms;
};

struct fake_web {
	const char *url;
	const char *address; /* NULL: any */
	enum http_fetch_status status;
	int code;
	const char *location;
	const char *body;
	int64_t delay_ms;
	bool encoded;
};

struct fake_event;

struct fake_env {
	struct env env;
	int64_t now;
	uint64_t sequence;
	const struct fake_dns *dns; /* NULL name ends */
	const struct fake_web *web; /* NULL url ends */
	char asked[8192];           /* "A name;" "GET url @address:port;" */
	struct fake_event *events;
};

struct fake_event {
	int64_t at;
	uint64_t sequence;
	struct fake_env *fake;
	void (*run)(struct fake_event *event);
	void *arg;
	void (*timer_cb)(void *arg);
	void (*dns_cb)(void *arg, const struct dns_answer *answer);
	void (*web_cb)(void *arg, const struct http_fetched *fetched);
	const struct fake_dns *dns; /* NULL: time is up */
	const struct fake_web *web;
	enum dns_type type;
	size_t body_max;
	struct fake_event *next;
};

static struct fake_event *
fake_add(struct fake_env *fake, int64_t delay_ms, void *arg,
    void (*run)(struct fake_event *event))
{
	struct fake_event *event = mem_zalloc(sizeof(*event));
	struct fake_event **at = &fake->events;

	event->fake = fake;
	event->at = fake->now + delay_ms;
	event->sequence = fake->sequence++;
	event->arg = arg;
	event->run = run;
	while (*at != NULL && (*at)->at <= event->at)
		at = &(*at)->next;
	event->next = *at;
	*at = event;
	return event;
}

static void
fake_note(struct fake_env *fake, const char *what, struct span name,
    const char *address, unsigned port)
{
	size_t have = strlen(fake->asked);

	if (address == NULL)
		snprintf(fake->asked + have, sizeof(fake->asked) - have,
		    "%s %.*s;", what, SPAN_FMT(name));
	else
		snprintf(fake->asked + have, sizeof(fake->asked) - have,
		    "%s %.*s @%s:%u;", what, SPAN_FMT(name), address, port);
}

static int64_t
fake_now(void *ctx)
{
	return ((struct fake_env *)ctx)->now;
}

/* The same bytes each time. */
static void
fake_random(void *ctx, void *out, size_t len)
{
	(void)ctx;
	memset(out, 0x17, len);
}

static void
fake_run_timer(struct fake_event *event)
{
	event->timer_cb(event->arg);
}

static struct env_timer *
fake_timer_start(void *ctx, int64_t delay_ms, void (*cb)(void *arg), void *arg)
{
	struct fake_event *event = fake_add(ctx, delay_ms, arg,
	    fake_run_timer);

	event->timer_cb = cb;
	return (void *)event;
}

static void
fake_timer_cancel(void *ctx, struct env_timer *timer)
{
	struct fake_env *fake = ctx;
	struct fake_event *event = (void *)timer, **at = &fake->events;

	while (*at != event)
		at = &(*at)->next;
	*at = event->next;
	free(event);
}

/* One word of records as RDATA. */
static void
fake_put_rdata(struct bld *out, enum dns_type type, const char *word)
{
	uint8_t bytes[16];
	const char *equals = strchr(word, '=');

	if (type == DNS_CAA && equals != NULL) {
		bld_u8(out, 0);
		bld_u8(out, (uint8_t)(equals - word));
		bld_bytes(out, word, (size_t)(equals - word));
		bld_str(out, equals + 1);
	} else if (type == DNS_A && inet_pton(AF_INET, word, bytes) == 1) {
		bld_bytes(out, bytes, 4);
	} else if (type == DNS_AAAA && inet_pton(AF_INET6, word, bytes) == 1) {
		bld_bytes(out, bytes, 16);
	}
}

static void
fake_run_dns(struct fake_event *event)
{
	struct dns_answer answer = { .status = DNS_TIMEOUT };
	char words[512] = "", *word, *rest = words;
	size_t starts[DNS_RRSET_MAX + 1] = { 0 };
	struct bld rdata;

	bld_init(&rdata, 4096);
	if (event->dns != NULL) {
		answer.status = event->dns->status;
		if (event->dns->records != NULL)
			snprintf(words, sizeof(words), "%s",
			    event->dns->records);
	}
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0') {
			fake_put_rdata(&rdata, event->type, word);
			starts[++answer.count] = rdata.len;
		}
	for (size_t i = 0; i < answer.count; i++)
		answer.rdata[i] = span_of(rdata.data + starts[i],
		    starts[i + 1] - starts[i]);
	event->dns_cb(event->arg, &answer);
	bld_free(&rdata);
}

static void
fake_resolve(void *ctx, const struct dns_query *query,
    void (*cb)(void *arg, const struct dns_answer *answer), void *arg)
{
	static const struct fake_dns nothing = { .status = DNS_NXDOMAIN };
	struct fake_env *fake = ctx;
	const struct fake_dns *row = fake->dns;
	struct fake_event *event;
	bool late;

	fake_note(fake, query->type == DNS_A ? "A" : query->type == DNS_AAAA ?
	    "AAAA" : "CAA", query->name, NULL, 0);
	while (row->name != NULL && (row->type != query->type ||
	    !span_equal_str(query->name, row->name)))
		row++;
	if (row->name == NULL)
		row = &nothing;
	late = query->timeout_ms > 0 && row->delay_ms > query->timeout_ms;
	event = fake_add(fake, late ? query->timeout_ms : row->delay_ms, arg,
	    fake_run_dns);
	event->dns_cb = cb;
	event->dns = late ? NULL : row;
	event->type = query->type;
}

static void
fake_run_web(struct fake_event *event)
{
	struct http_fetched fetched = { .status = HTTP_FETCH_TIMEOUT };
	const struct fake_web *row = event->web;

	if (row != NULL) {
		fetched.status = row->status;
		fetched.code = row->code;
		fetched.location = span_str(row->location);
		fetched.body = span_str(row->body);
		fetched.encoded = row->encoded;
	}
	if (fetched.body.len > event->body_max) {
		fetched.body.len = event->body_max;
		fetched.body_cut = true;
	}
	event->web_cb(event->arg, &fetched);
}

static void
fake_fetch(void *ctx, const struct http_fetch *fetch,
    void (*cb)(void *arg, const struct http_fetched *fetched), void *arg)
{
	static const struct fake_web nobody = { .status = HTTP_FETCH_CONNECT };
	struct fake_env *fake = ctx;
	const struct fake_web *row = fake->web;
	struct fake_event *event;
	char address[64];
	bool late;

	snprintf(address, sizeof(address), "%.*s", SPAN_FMT(fetch->address));
	fake_note(fake, "GET", fetch->url, address, fetch->port);
	while (row->url != NULL && (!span_equal_str(fetch->url, row->url) ||
	    (row->address != NULL && strcmp(row->address, address) != 0)))
		row++;
	if (row->url == NULL)
		row = &nobody;
	late = row->delay_ms > fetch->timeout_ms;
	event = fake_add(fake, late ? fetch->timeout_ms : row->delay_ms, arg,
	    fake_run_web);
	event->web_cb = cb;
	event->web = late ? NULL : row;
	event->body_max = fetch->body_max;
}

static void
fake_env_init(struct fake_env *fake, const struct fake_dns *dns,
    const struct fake_web *web)
{
	*fake = (struct fake_env){
		.env = {
			.ctx = fake,
			.now = fake_now,
			.random = fake_random,
			.timer_start = fake_timer_start,
			.timer_cancel = fake_timer_cancel,
			.resolve = fake_resolve,
			.fetch = fake_fetch,
		},
		.now = 1764000000000,
		.dns = dns,
		.web = web,
	};
}

/* Runs all that is to come, in the order of its time. */
static void
fake_env_run(struct fake_env *fake)
{
	struct fake_event *event;

	while ((event = fake->events) != NULL) {
		fake->events = event->next;
		fake->now = event->at;
		event->run(event);
		free(event);
	}
}

#endif
