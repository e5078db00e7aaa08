/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/rpc/judge_net.h"
#include "agent/solvers/listening.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#define CA 1            /* its number with net */
#define OPERATION 1     /* the only one that net is asked for */
#define TOKEN_RANDOM 32 /* bytes */

struct check {
	const struct check_options *options;
	struct check_name *names;
	size_t count;
	struct arena *arena;
	struct loop *loop;
	struct env env;
	struct agent_procs *procs;
	struct listening *listening[2];
	struct solver_world world;
	const struct solver *solver;
	const char *argument;
	size_t num_issuers;
	struct span issuers[CLIENT_ISSUERS_MAX];
	size_t left;        /* names whose challenge or answer is awaited */
	struct err err;     /* of the run as a whole */
};

static void
add(struct check_name *name, struct arena *arena,
    const struct probe_finding *finding)
{
	struct check_finding *made = arena_alloc(arena, sizeof(*made));
	struct check_finding **at = &name->first;

	*made = (struct check_finding){ .is = *finding };
	made->is.subject = arena_dup(arena, finding->subject);
	made->is.text = arena_dup(arena, finding->text);
	made->is.remedy = arena_dup(arena, finding->remedy);
	/* By topic, else as they came. */
	while (*at != NULL && (*at)->is.topic <= finding->topic)
		at = &(*at)->next;
	made->next = *at;
	*at = made;
	if (finding->level > name->worst)
		name->worst = finding->level;
}

static void
add_to_all(struct check *check, enum probe_topic topic,
    enum probe_level level, const char *text, const char *remedy)
{
	char shown[PROBE_TEXT_MAX];
	struct probe_finding finding = { .topic = topic, .level = level,
		.remedy = span_str(remedy) };

	text_printable(shown, sizeof(shown), span_str(text));
	finding.text = span_str(shown);
	for (size_t i = 0; i < check->count; i++)
		add(&check->names[i], check->arena, &finding);
}

static void
on_died(void *ctx, enum agent_role role, const char *text)
{
	struct check *check = ctx;

	(void)role;
	err_set(&check->err, ERR_IO, NULL, "%s", text);
	loop_stop(check->loop);
}

/* When the last of them is there, what follows may begin. */
static void
one_less(struct check *check)
{
	if (--check->left == 0)
		loop_stop(check->loop);
}

static void
wait_for(struct check *check, size_t count)
{
	check->left = count;
	if (count > 0 && check->err.kind == ERR_NONE)
		loop_run(check->loop);
}

/*
 * What the CA calls itself.
 */

static void
take_result(struct check *check, const struct client_result *result)
{
	char text[ERR_TEXT_SIZE];

	if (result->type == CLIENT_RESULT_DIRECTORY) {
		check->num_issuers = result->directory.num_caa;
		for (size_t i = 0; i < check->num_issuers; i++)
			check->issuers[i] = arena_dup(check->arena,
			    result->directory.caa[i]);
		if (check->num_issuers == 0)
			add_to_all(check, PROBE_CAA, PROBE_NOTE, "the CA does "
			    "not say what it calls itself in CAA records: "
			    "they were not looked at", "");
		return;
	}
	snprintf(text, sizeof(text), "the CA at %s gives no answer of its "
	    "form: %.*s", check->options->ca->directory,
	    result->type == CLIENT_RESULT_PROBLEM ?
	    (int)result->problem.detail.len : 0,
	    (const char *)result->problem.detail.data);
	add_to_all(check, PROBE_CAA, PROBE_PROBLEM, text, "see that this "
	    "machine may reach it, perhaps by a proxy (https_proxy), and "
	    "trusts it (--ca-file)");
}

static int
on_net(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct check *check = ctx;
	struct judge_net_tell tell;
	struct arena arena = { 0 };
	int r = judge_net_tell_decode(type, payload, &arena, &tell, err);

	if (r == 0 && type == NET_JUDGE_RESULT && id == OPERATION) {
		take_result(check, &tell.result);
		one_less(check);
	}
	arena_free(&arena);
	return r;
}

static int
read_trust(const struct check *check, struct bld *out, struct err *err)
{
	const char *path = check->options->ca->ca_file;

	return path == NULL ? 0 : file_read(AT_FDCWD, path, 0, out, err);
}

static void
ask_net(struct check *check, const struct judge_net_ask *ask, uint64_t id)
{
	struct bld out;

	bld_init(&out, LINK_PAYLOAD_MAX);
	judge_net_ask_encode(&out, ask);
	agent_procs_send(check->procs, AGENT_NET, (uint16_t)ask->type, id,
	    bld_view(&out));
	bld_free(&out);
}

static int
ask_ca(struct check *check, struct err *err)
{
	struct judge_net_ask ca = { .type = JUDGE_NET_CA, .ca = CA };
	const struct judge_net_ask open = { .type = JUDGE_NET_OPEN,
		.ca = CA };
	struct bld trust;
	int r;

	bld_init(&trust, JUDGE_NET_TRUST_MAX);
	r = read_trust(check, &trust, err);
	if (r == 0) {
		ca.new_ca.ca = CA;
		ca.new_ca.account = 1; /* it signs nothing */
		ca.new_ca.options.directory_url =
		    span_str(check->options->ca->directory);
		ca.new_ca.trust = bld_view(&trust);
		agent_procs_link(check->procs, AGENT_NET, on_net, check);
		ask_net(check, &ca, 0);
		ask_net(check, &open, OPERATION);
		wait_for(check, 1);
	}
	bld_free(&trust);
	return r;
}

/*
 * Challenges.
 */

static void
on_ready(struct solver_task *task, const struct err *err)
{
	struct check_name *name = task->ctx;
	struct probe_finding finding = { .topic = PROBE_PORT,
		.level = PROBE_PROBLEM, .text = span_str(err->text) };

	name->set_up = err->kind == ERR_NONE;
	if (!name->set_up)
		add(name, name->check->arena, &finding);
	one_less(name->check);
}

static void
on_gone(struct solver_task *task, const struct err *err)
{
	struct check_name *name = task->ctx;
	struct probe_finding finding = { .topic = PROBE_VIA,
		.level = PROBE_WARNING, .text = span_str(err->text) };

	if (err->kind != ERR_NONE)
		add(name, name->check->arena, &finding);
	one_less(name->check);
}

static struct span
make_token(struct check *check)
{
	uint8_t random[TOKEN_RANDOM];
	struct bld out;
	struct span token;

	env_random(&check->env, random, sizeof(random));
	bld_init(&out, CLIENT_TOKEN_MAX);
	text_base64url(&out, span_of(random, sizeof(random)));
	token = arena_dup(check->arena, bld_view(&out));
	bld_free(&out);
	return token;
}

static struct solver_task **
task_list(struct check *check)
{
	struct solver_task **tasks = arena_alloc(check->arena,
	    check->count * sizeof(struct solver_task *));

	for (size_t i = 0; i < check->count; i++)
		tasks[i] = &check->names[i].task;
	return tasks;
}

/* A challenge that nobody asked for, with an answer that is as good. */
static void
set_up(struct check *check)
{
	for (size_t i = 0; i < check->count; i++) {
		struct check_name *name = &check->names[i];
		struct span token = make_token(check);

		name->check = check;
		name->task = (struct solver_task){ .ident = name->ident,
			.method = CLIENT_HTTP_01, .token = token,
			.key_authorization = token,
			.all_names = span_str(name->said),
			.remaining = check->count - 1 - i,
			.ready = on_ready, .gone = on_gone, .ctx = name };
	}
	check->left = check->count + 1;
	check->solver->setup(&check->world, check->argument,
	    task_list(check), check->count);
	/* All may be ready before it returns. */
	if (--check->left > 0 && check->err.kind == ERR_NONE)
		loop_run(check->loop);
}

static void
take_down(struct check *check)
{
	check->left = check->count + 1;
	check->solver->takedown(&check->world, check->argument,
	    task_list(check), check->count);
	if (--check->left > 0 && check->err.kind == ERR_NONE)
		loop_run(check->loop);
}

/*
 * What probe finds.
 */

static int
on_probe(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct check *check = ctx;
	struct probe_finding finding;
	struct check_name *name;
	int r;

	name = id < check->count ? &check->names[id] : NULL;
	if (name == NULL || !name->asked || (type != PROBE_JUDGE_FINDING &&
	    type != PROBE_JUDGE_END))
		return err_set(err, ERR_FRAME, NULL,
		    "probe tells of what nobody asked");
	if (type == PROBE_JUDGE_END) {
		name->asked = false;
		one_less(check);
		return 0;
	}
	if (++name->told > CHECK_FINDINGS_MAX)
		return err_set(err, ERR_FRAME, NULL, "probe tells more than "
		    "%d things of a name", CHECK_FINDINGS_MAX);
	r = judge_probe_finding_decode(payload, &finding, err);
	if (r == 0)
		add(name, check->arena, &finding);
	return r;
}

static void
ask_probe(struct check *check, size_t i, bool http)
{
	struct check_name *name = &check->names[i];
	struct judge_probe_check ask = { .ident = name->ident,
		.wildcard = name->wildcard,
		.http_port = http ? check->options->http_port : 0,
		.num_issuers = check->num_issuers };
	struct bld out;

	for (size_t k = 0; k < check->num_issuers; k++)
		ask.issuers[k] = check->issuers[k];
	name->asked = true;
	if (name->set_up) {
		ask.token = name->task.token;
		ask.key_authorization = name->task.key_authorization;
	}
	if (check->options->ca != NULL)
		ask.ca_url = span_str(check->options->ca->directory);
	bld_init(&out, LINK_PAYLOAD_MAX);
	judge_probe_check_encode(&out, &ask);
	agent_procs_send(check->procs, AGENT_PROBE, JUDGE_PROBE_CHECK, i,
	    bld_view(&out));
	bld_free(&out);
}

static void
probe_all(struct check *check)
{
	bool http = (check->solver->methods &
	    CLIENT_METHOD_BIT(CLIENT_HTTP_01)) != 0;

	agent_procs_link(check->procs, AGENT_PROBE, on_probe, check);
	if (http)
		set_up(check);
	for (size_t i = 0; i < check->count; i++)
		ask_probe(check, i, http);
	wait_for(check, check->count);
	if (http && check->err.kind == ERR_NONE)
		take_down(check);
}

static int
start(struct check *check, struct err *err)
{
	const struct check_options *options = check->options;
	enum log_level level = options->verbose ? LOG_INFO : LOG_WARNING;
	struct agent_plan plan = { .roles = 1U << AGENT_PROBE, .dir = "/",
		.resolver = options->resolver, .log_level = level,
		.died = on_died, .ctx = check };

	if (options->ca != NULL)
		plan.roles |= 1U << AGENT_NET;
	check->loop = loop_new();
	loop_env(check->loop, &check->env);
	check->world = (struct solver_world){ .loop = check->loop,
		.env = &check->env, .procs = &check->procs, .dir = "/",
		.log_level = level, .listening = check->listening };
	return agent_procs_start(&check->procs, check->loop, &plan, err);
}

int
check_run(const struct check_options *options, struct check_name *names,
    size_t count, struct arena *arena, struct err *err)
{
	struct check check = { .options = options, .names = names,
		.count = count, .arena = arena, .err = ERR_INIT };
	int r = solver_find(options->via, &check.solver, &check.argument,
	    err);

	if (r == 0)
		r = start(&check, err);
	if (r == 0 && options->ca != NULL)
		r = ask_ca(&check, err);
	if (r == 0)
		probe_all(&check);
	agent_procs_stop(check.procs);
	listening_free(check.listening[0]);
	listening_free(check.listening[1]);
	loop_free(check.loop);
	if (r == 0 && check.err.kind != ERR_NONE) {
		*err = check.err;
		r = -(int)check.err.kind;
	}
	return r;
}
