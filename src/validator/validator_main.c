/* SPDX-License-Identifier: Apache-2.0 */
/*
 * validator's wires: questions of core go to the logic, which looks outside
 * through a resolver and an HTTP client; its env is made of these. It stops
 * when what was begun is finished.
 */
#include "validator/validator_main.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/mem.h"
#include "dns/dns_resolver.h"
#include "http/http_client.h"
#include "proc/peers.h"
#include "validator/validator.h"
#include "validator/validator_sandbox.h"

#define USER_AGENT "Signet-validator/" SIGNET_VERSION

struct main {
	struct proc proc;        /* first: proc_env */
	struct env env;          /* proc's, with resolve and fetch */
	struct dns_resolver *resolver;
	struct http_client *client;
	struct validator *validator;
	struct rules *next_rules; /* of a reload that is being prepared */
	struct peers peers;      /* the link table has core only */
	bool stopping;
	struct bld out;
};

static void
env_resolve_here(void *ctx, const struct dns_query *query,
    void (*cb)(void *arg, const struct dns_answer *answer), void *arg)
{
	struct main *main = ctx;

	dns_resolver_query(main->resolver, query, cb, arg);
}

static void
env_fetch_here(void *ctx, const struct http_fetch *fetch,
    void (*cb)(void *arg, const struct http_fetched *fetched), void *arg)
{
	struct main *main = ctx;

	http_client_fetch(main->client, fetch, cb, arg);
}

static void
wire_env(struct main *main)
{
	main->env = (struct env){
		.ctx = main,
		.resolve = env_resolve_here,
		.fetch = env_fetch_here,
	};
	proc_env(&main->env);
}

/* Names, kinds and sentences; never tokens. */
static void
log_failed(const struct problem *problem)
{
	char text[PROBLEM_DETAIL_MAX], quoted[LOG_QUOTE_SIZE];
	struct span detail = problem_detail(problem, text);

	log_event(LOG_INFO, "validation-failed", "kind=%s detail=%s",
	    err_kind_name(problem->kind), log_quote(quoted,
	    (const char *)detail.data, detail.len));
}

static void
log_answer(const struct validate_answer *answer)
{
	char name[LOG_QUOTE_SIZE];
	const struct attestation *att = &answer->attestation;

	if (answer->type == CORE_VALIDATOR_FAILED)
		log_failed(&answer->problem);
	else if (log_enabled(LOG_DEBUG))
		log_event(LOG_DEBUG, "validation-passed", "name=%s method=%s",
		    log_quote(name, (const char *)att->ident.value.data,
		    att->ident.value.len), challenge_type_name(att->method));
}

static void
stop_when_idle(struct main *main)
{
	if (main->stopping && validator_active(main->validator) == 0)
		loop_stop(main->proc.loop);
}

static void
on_answer(void *arg, uint64_t id, const struct validate_answer *answer)
{
	struct main *main = arg;

	log_answer(answer);
	bld_reset(&main->out);
	validate_answer_encode(&main->out, answer);
	/* What does not fit is a bug; core asks again, and logs. */
	if (bld_end(&main->out) == 0)
		peers_send(&main->peers, ROLE_CORE, 0,
		    (uint16_t)answer->type, id, bld_view(&main->out));
	stop_when_idle(main);
}

static int
on_frame(void *ctx, const struct peer *core, uint16_t type, uint64_t id,
    struct span payload, struct err *err)
{
	struct main *main = ctx;
	struct validate_request request;
	int r;

	(void)core;
	r = validate_request_decode(type, payload, &request, err);
	if (r == 0)
		validator_ask(main->validator, &request, on_answer, main, id);
	return r;
}

/* Core asks again after its restart, under new ids. */
static void
on_down(void *ctx, const struct peer *core)
{
	struct main *main = ctx;

	(void)core;
	validator_forget(main->validator);
	if (main->stopping)
		loop_stop(main->proc.loop);
}

static const struct peers_ops peers_ops = {
	.frame = on_frame,
	.down = on_down,
};

/* What was begun is finished: core is told before it stops too. */
static void
on_stop(void *ctx)
{
	struct main *main = ctx;

	main->stopping = true;
	stop_when_idle(main);
}

static int
reload_prepare(void *ctx, const struct config *config, struct err *err)
{
	struct main *main = ctx;

	return rules_new(config, &main->next_rules, err);
}

static void
reload_abandon(void *ctx)
{
	struct main *main = ctx;

	rules_unref(main->next_rules);
	main->next_rules = NULL;
}

static void
reload_commit(void *ctx)
{
	struct main *main = ctx;

	validator_set_rules(main->validator, main->next_rules);
	reload_abandon(ctx);
}

static const struct proc_reload reload = {
	.prepare = reload_prepare,
	.commit = reload_commit,
	.abandon = reload_abandon,
};

/* A CA of one's own asks the resolver of its host, which knows the names that
 * only exist inside; one for the public asks the root. */
static int
open_resolver(struct main *main, struct err *err)
{
	const struct config *config = &main->proc.config;
	struct dns_resolver_options options = {
		.forward = config->resolver,
		.anchor_file = config->trust_anchor,
		.use_system = config->resolver == NULL &&
		    config->program != PROGRAM_WEBPKI,
	};

	return dns_resolver_new(main->proc.loop, &options, &main->resolver,
	    err);
}

static int
open_validator(struct main *main, struct err *err)
{
	uint8_t key[ATTESTATION_KEY_SIZE];
	struct rules *rules = NULL;
	int r;

	r = proc_read_exactly(&main->proc, RESOURCE_PERSPECTIVE_KEY, 0, key,
	    sizeof(key), err);
	if (r < 0)
		return err_prefix(err, "the perspective's key");
	r = rules_new(&main->proc.config, &rules, err);
	if (r == 0)
		main->validator = validator_new(&main->env,
		    SPAN_LIT(ATTESTATION_PERSPECTIVE_LOCAL), key, rules);
	mem_wipe(key, sizeof(key));
	rules_unref(rules);
	return r;
}

static int
open_all(struct main *main, struct err *err)
{
	int r;

	wire_env(main);
	bld_init(&main->out, LINK_PAYLOAD_MAX);
	r = open_resolver(main, err);
	if (r < 0)
		return r;
	main->client = http_client_new(main->proc.loop, USER_AGENT, err);
	if (main->client == NULL)
		return -(int)err->kind;
	return open_validator(main, err);
}

static void
close_all(struct main *main)
{
	peers_done(&main->peers);
	http_client_free(main->client);
	dns_resolver_free(main->resolver);
	validator_free(main->validator);
	rules_unref(main->next_rules);
	bld_free(&main->out);
}

int
validator_main(void)
{
	static struct main main;
	struct err err = ERR_INIT;
	int r;

	r = proc_begin(&main.proc, ROLE_VALIDATOR, &err);
	if (r == 0)
		r = open_all(&main, &err);
	if (r == 0)
		r = proc_sandbox(&main.proc, &validator_sandbox, &err);
	if (r == 0) {
		proc_on_reload(&main.proc, &reload, &main);
		proc_on_stop(&main.proc, on_stop, &main);
		peers_init(&main.peers, &main.proc, &peers_ops, &main);
		proc_links(&main.proc, peers_on_link, &main.peers);
		proc_ready(&main.proc);
		proc_run(&main.proc);
	} else {
		log_err(LOG_ERROR, "start-failed", &err);
	}
	close_all(&main);
	proc_end(&main.proc);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
