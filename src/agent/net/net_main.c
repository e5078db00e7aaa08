/* SPDX-License-Identifier: Apache-2.0 */
/* Wires the logic of net to links, libcurl and the loop. */
#include "agent/net/net_main.h"

#include "agent/net/net.h"
#include "agent/net/net_curl.h"
#include "agent/net/net_http.h"
#include "agent/net/net_trust.h"
#include "base/mem.h"
#include "pkix/crypto.h"

const struct sandbox net_main_sandbox = {
	.calls = SANDBOX_DIAL,
};

struct net_main {
	struct agent_proc proc;
	struct net *net;
	struct net_names *names;
	struct bld system_pem;
	struct net_trust system_trust;
	struct slot {
		struct net_main *main;
		unsigned number;
		struct net_http *http;
		struct arena arena; /* of its own trust */
		struct net_trust trust;
	} slots[NET_SLOTS];
};

static void
on_tell(void *ctx, uint16_t type, uint64_t id, struct span payload)
{
	struct net_main *main = ctx;

	agent_proc_send(&main->proc, AGENT_JUDGE, type, id, payload);
}

static void
on_sign(void *ctx, uint16_t type, uint64_t id, struct span payload)
{
	struct net_main *main = ctx;

	agent_proc_send(&main->proc, AGENT_ACCOUNT, type, id, payload);
}

/* The environment's way to say so, as other programs take it. */
static struct span
environment(const char *lower, const char *upper)
{
	const char *value = getenv(lower);

	return span_str(value != NULL ? value : getenv(upper));
}

static void
on_setup(void *ctx, unsigned number, struct span trust, struct span proxy)
{
	struct net_main *main = ctx;
	struct slot *slot = &main->slots[number];
	struct net_http_setup setup = {
		.trust = trust.len > 0 ? &slot->trust : &main->system_trust,
		.proxy = proxy,
		.direct = environment("no_proxy", "NO_PROXY"),
	};

	net_trust_init(&slot->trust, arena_dup(&slot->arena, trust));
	if (proxy.len == 0)
		setup.proxy = environment("https_proxy", "HTTPS_PROXY");
	if (setup.proxy.len == 0)
		setup.proxy = environment("all_proxy", "ALL_PROXY");
	net_http_setup(slot->http, &setup);
}

static void
on_answer(void *arg, uint64_t http_id, const struct client_response *response)
{
	struct slot *slot = arg;

	net_answered(slot->main->net, slot->number, http_id, response);
}

static void
on_http(void *ctx, unsigned number, uint64_t http_id,
    const struct client_request *request)
{
	struct net_main *main = ctx;
	struct slot *slot = &main->slots[number];

	net_http_start(slot->http, http_id, request, on_answer, slot);
}

static void
on_http_cancel(void *ctx, unsigned number, uint64_t http_id)
{
	struct net_main *main = ctx;

	net_http_cancel(main->slots[number].http, http_id);
}

static const struct net_ops net_ops = {
	.tell = on_tell,
	.sign = on_sign,
	.setup = on_setup,
	.http = on_http,
	.http_cancel = on_http_cancel,
};

static int
on_judge(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	return net_from_judge(((struct net_main *)ctx)->net, type, id, payload,
	    err);
}

static int
on_account(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	return net_from_account(((struct net_main *)ctx)->net, type, id,
	    payload, err);
}

/* All that takes files, or calls that the sandbox forbids. */
static void
open_all(struct net_main *main)
{
	bld_init(&main->system_pem, NET_TRUST_SYSTEM_MAX);
	net_trust_read_system(&main->system_pem);
	net_trust_init(&main->system_trust, bld_view(&main->system_pem));
	crypto_init();
	net_curl_init_process();
	main->names = net_names_new(main->proc.loop);
	for (unsigned i = 0; i < NET_SLOTS; i++) {
		main->slots[i].main = main;
		main->slots[i].number = i;
		main->slots[i].http = net_http_new(main->proc.loop,
		    main->names);
	}
	/* Only HTTP without TLS goes there: what is said is signed. */
	net_http_setup(main->slots[NET_OCSP_SLOT].http,
	    &(struct net_http_setup){ .trust = &main->system_trust,
	    .proxy = environment("http_proxy", "HTTP_PROXY"),
	    .direct = environment("no_proxy", "NO_PROXY") });
}

static void
close_all(struct net_main *main)
{
	net_free(main->net);
	for (unsigned i = 0; i < NET_SLOTS; i++) {
		net_http_free(main->slots[i].http);
		net_trust_done(&main->slots[i].trust);
		arena_free(&main->slots[i].arena);
	}
	net_names_free(main->names);
	net_trust_done(&main->system_trust);
	bld_free(&main->system_pem);
}

int
net_main(enum log_level level)
{
	static struct net_main main;
	struct err err = ERR_INIT;
	int status = 1;

	if (agent_proc_begin(&main.proc, AGENT_NET, level, &err) == 0) {
		open_all(&main);
		main.net = net_new(&main.proc.env, &net_ops, &main);
		if (agent_proc_sandbox(&main.proc, &net_main_sandbox,
		    &err) == 0) {
			agent_proc_link(&main.proc, AGENT_JUDGE, on_judge,
			    &main);
			agent_proc_link(&main.proc, AGENT_ACCOUNT, on_account,
			    &main);
			status = agent_proc_run(&main.proc);
		}
	}
	if (err.kind != ERR_NONE)
		log_err(LOG_ERROR, "start-failed", &err);
	close_all(&main);
	agent_proc_end(&main.proc);
	return status;
}
