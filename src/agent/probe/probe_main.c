/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/probe_main.h"

#include <unistd.h>

#include "agent/probe/probe.h"
#include "dns/dns_resolver.h"
#include "http/http_client.h"

#define USER_AGENT "Signet-check/" SIGNET_VERSION

const struct sandbox probe_main_sandbox = {
	.calls = SANDBOX_DIAL,
};

/* Where distributions keep the root's trust anchor. */
static const char *const anchors[] = { "/usr/share/dns/root.key",
	"/var/lib/unbound/root.key", "/etc/unbound/root.key", NULL };

struct question {
	struct probe_main *main;
	uint64_t id;
	struct probe *probe;
};

struct probe_main {
	struct agent_proc proc;
	struct env env;          /* proc's, with resolve and fetch */
	struct dns_resolver *resolver;
	struct http_client *client;
	bool validates;
	size_t count;
	struct bld out;
};

static int64_t
now_here(void *ctx)
{
	return env_now(&((struct probe_main *)ctx)->proc.env);
}

static void
random_here(void *ctx, void *out, size_t len)
{
	env_random(&((struct probe_main *)ctx)->proc.env, out, len);
}

static struct env_timer *
timer_start_here(void *ctx, int64_t delay_ms, void (*cb)(void *arg),
    void *arg)
{
	const struct env *env = &((struct probe_main *)ctx)->proc.env;

	return env->timer_start(env->ctx, delay_ms, cb, arg);
}

static void
timer_cancel_here(void *ctx, struct env_timer *timer)
{
	const struct env *env = &((struct probe_main *)ctx)->proc.env;

	env->timer_cancel(env->ctx, timer);
}

static void
resolve_here(void *ctx, const struct dns_query *query,
    void (*cb)(void *arg, const struct dns_answer *answer), void *arg)
{
	dns_resolver_query(((struct probe_main *)ctx)->resolver, query, cb,
	    arg);
}

static void
fetch_here(void *ctx, const struct http_fetch *fetch,
    void (*cb)(void *arg, const struct http_fetched *fetched), void *arg)
{
	http_client_fetch(((struct probe_main *)ctx)->client, fetch, cb, arg);
}

static void
on_find(void *ctx, const struct probe_finding *finding)
{
	struct question *question = ctx;
	struct probe_main *main = question->main;

	bld_reset(&main->out);
	judge_probe_finding_encode(&main->out, finding);
	agent_proc_send(&main->proc, AGENT_JUDGE, PROBE_JUDGE_FINDING,
	    question->id, bld_view(&main->out));
}

static void
on_done(void *ctx)
{
	struct question *question = ctx;

	agent_proc_send(&question->main->proc, AGENT_JUDGE, PROBE_JUDGE_END,
	    question->id, SPAN_NONE);
	question->main->count--;
	probe_free(question->probe);
	free(question);
}

static int
on_judge(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	static const struct probe_ops ops = { .find = on_find,
		.done = on_done };
	struct probe_main *main = ctx;
	struct judge_probe_check check;
	struct question *question;
	int r = judge_probe_check_decode(type, payload, &check, err);

	if (r < 0)
		return r;
	if (main->count == PROBE_MAIN_CHECKS_MAX)
		return err_set(err, ERR_FRAME, NULL,
		    "judge asks about more than %d names at a time",
		    PROBE_MAIN_CHECKS_MAX);
	question = mem_zalloc(sizeof(*question));
	question->main = main;
	question->id = id;
	main->count++;
	question->probe = probe_start(&main->env, &check, main->validates,
	    &ops, question);
	return 0;
}

/* All that takes files. */
static int
open_all(struct probe_main *main, const char *resolver, struct err *err)
{
	struct dns_resolver_options options = { 0 };
	int r;

	main->env = (struct env){ .ctx = main, .now = now_here,
		.random = random_here, .timer_start = timer_start_here,
		.timer_cancel = timer_cancel_here, .resolve = resolve_here,
		.fetch = fetch_here };
	if (resolver[0] != '\0')
		options.forward = resolver;
	for (size_t i = 0; resolver[0] == '\0' && anchors[i] != NULL &&
	    options.anchor_file == NULL; i++) {
		if (access(anchors[i], R_OK) == 0)
			options.anchor_file = anchors[i];
	}
	main->validates = options.anchor_file != NULL;
	main->client = http_client_new(main->proc.loop, USER_AGENT, err);
	if (main->client == NULL)
		return -(int)err->kind;
	r = dns_resolver_new(main->proc.loop, &options, &main->resolver, err);
	return r < 0 ? r : agent_proc_sandbox(&main->proc,
	    &probe_main_sandbox, err);
}

int
probe_main(enum log_level level, const char *resolver)
{
	static struct probe_main main;
	struct err err = ERR_INIT;
	int status = 1;

	bld_init(&main.out, LINK_PAYLOAD_MAX);
	if (agent_proc_begin(&main.proc, AGENT_PROBE, level, &err) == 0 &&
	    open_all(&main, resolver, &err) == 0) {
		agent_proc_link(&main.proc, AGENT_JUDGE, on_judge, &main);
		status = agent_proc_run(&main.proc);
	}
	if (err.kind != ERR_NONE)
		log_err(LOG_ERROR, "start-failed", &err);
	http_client_free(main.client);
	dns_resolver_free(main.resolver);
	bld_free(&main.out);
	agent_proc_end(&main.proc);
	return status;
}
