/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_host.h"

#include "dns/dns_resolver.h"
#include "http/http_client.h"

#define SERVED_MAX 4096

struct timer_call {
	void (*cb)(void *arg);
	void *arg;
};

struct resolve_call {
	void (*cb)(void *arg, const struct dns_answer *answer);
	void *arg;
	enum dns_type type;
	enum dns_status status;
};

struct fetch_call {
	const struct sim_net *net;
	void (*cb)(void *arg, const struct http_fetched *fetched);
	void *arg;
	bool failed;
	size_t url_len;
	uint8_t url[HTTP_CLIENT_URL_MAX];
};

static int64_t
host_now(void *ctx)
{
	struct sim_host *host = ctx;

	return host->world->now_ms;
}

static void
host_random(void *ctx, void *out, size_t len)
{
	struct sim_host *host = ctx;
	uint8_t *at = out;

	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)sim_world_random(host->world);
}

static void
on_timer(void *arg, const void *data, size_t data_len)
{
	struct timer_call call;

	(void)arg;
	memcpy(&call, data, data_len);
	call.cb(call.arg);
}

static struct env_timer *
host_timer_start(void *ctx, int64_t delay_ms, void (*cb)(void *arg), void *arg)
{
	struct sim_host *host = ctx;
	struct timer_call call = { cb, arg };

	return (struct env_timer *)sim_world_after(host->world, host->process,
	    delay_ms, on_timer, NULL, &call, sizeof(call));
}

static void
host_timer_cancel(void *ctx, struct env_timer *timer)
{
	struct sim_host *host = ctx;

	if (timer != NULL)
		sim_world_cancel(host->world, (struct sim_event *)timer);
}

static void
on_resolved(void *arg, const void *data, size_t data_len)
{
	static const uint8_t address[4] = { 93, 184, 216, 34 };
	struct resolve_call call;
	struct dns_answer answer = { .status = DNS_OK };

	(void)arg;
	memcpy(&call, data, data_len);
	answer.status = call.status;
	if (call.status == DNS_OK && call.type == DNS_A) {
		answer.count = 1;
		answer.rdata[0] = span_of(address, sizeof(address));
	}
	call.cb(call.arg, &answer);
}

static void
host_resolve(void *ctx, const struct dns_query *query,
    void (*cb)(void *arg, const struct dns_answer *answer), void *arg)
{
	struct sim_host *host = ctx;
	struct resolve_call call = { cb, arg, query->type, DNS_OK };

	if (sim_world_chance(host->world, host->net->dns_failures))
		call.status = sim_world_chance(host->world, 50) ?
		    DNS_SERVFAIL : DNS_TIMEOUT;
	sim_world_after(host->world, host->process,
	    (int64_t)sim_world_below(host->world, 50), on_resolved, NULL,
	    &call, sizeof(call));
}

static void
on_fetched(void *arg, const void *data, size_t data_len)
{
	struct fetch_call call;
	struct http_fetched fetched = { .status = HTTP_FETCH_OK, .code = 404 };
	struct bld body;

	(void)arg;
	memcpy(&call, data, data_len);
	bld_init(&body, SERVED_MAX);
	if (call.failed)
		fetched.status = HTTP_FETCH_CONNECT;
	else if (call.net->serve(call.net->ctx,
	    span_of(call.url, call.url_len), &body))
		fetched.code = 200;
	fetched.body = bld_view(&body);
	call.cb(call.arg, &fetched);
	bld_free(&body);
}

static void
host_fetch(void *ctx, const struct http_fetch *fetch,
    void (*cb)(void *arg, const struct http_fetched *fetched), void *arg)
{
	struct sim_host *host = ctx;
	struct fetch_call call = {
		.net = host->net,
		.cb = cb,
		.arg = arg,
		.failed = sim_world_chance(host->world,
		    host->net->fetch_failures),
		.url_len = fetch->url.len,
	};

	memcpy(call.url, fetch->url.data, fetch->url.len);
	sim_world_after(host->world, host->process,
	    (int64_t)sim_world_below(host->world, 200), on_fetched, NULL,
	    &call, sizeof(call));
}

void
sim_host_env(struct sim_host *host, struct env *env)
{
	*env = (struct env){
		.ctx = host,
		.now = host_now,
		.random = host_random,
		.timer_start = host_timer_start,
		.timer_cancel = host_timer_cancel,
	};
	if (host->net != NULL) {
		env->resolve = host_resolve;
		env->fetch = host_fetch;
	}
}
