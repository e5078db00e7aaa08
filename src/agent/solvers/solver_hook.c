/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Solvers that run hooks of other ACME clients (hook_dialect.h).
 * One hook runs at a time, as their authors are used to; the order of calls is
 * that of the tasks. After a DNS hook all name servers are asked, for a while:
 * where that shows nothing (a view that only the CA has) the CA is told all
 * the same.
 */
#include <stdio.h>

#include "agent/proc/command.h"
#include "agent/proc/trusted.h"
#include "agent/solvers/dns_ask.h"
#include "agent/solvers/dns_record.h"
#include "agent/solvers/hook_dialect.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/text.h"
#include "client/client_names.h"

#define AWAIT_S 60

/* One call, from setup to the end of its takedown: of one task, or of all that
 * a dialect takes at once. */
struct hook {
	const struct hook_dialect *dialect;
	const struct solver_world *world;
	size_t count;
	struct solver_task **tasks;
	char *argument, *output;
	char fqdn[DNS_RECORD_NAME_SIZE];
	struct dns_record *records; /* of each task */
	size_t awaited;  /* records that are looked for */
	size_t step;     /* of the calls that belong together */
	bool accepted;   /* setup has worked */
	bool queued;
	bool leaving;    /* takedown was called */
	bool takedown;   /* what it waits or runs for */
	struct err err;
	struct list_node of_queue;
};

/* What waits for its turn, and what runs (the first, while busy). */
static struct list queue;
static bool busy;

static void start(struct hook *hook);
static void run(struct hook *hook);

static void
append(struct hook *hook, bool takedown)
{
	hook->takedown = takedown;
	hook->queued = true;
	hook->step = 0;
	hook->err = (struct err)ERR_INIT;
	list_add(&queue, &hook->of_queue);
}

/* Starts what may start. One that ends at once comes back here. */
static void
pump(void)
{
	static bool inside;

	if (inside)
		return;
	inside = true;
	while (!busy && queue.first != NULL) {
		busy = true;
		start(LIST_FIRST(&queue, struct hook, of_queue));
	}
	inside = false;
}

static struct hook_call
call_of(const struct hook *hook)
{
	return (struct hook_call){ .task = hook->tasks[0],
		.tasks = hook->tasks, .count = hook->count,
		.step = hook->step, .argument = hook->argument,
		.takedown = hook->takedown, .dir = hook->world->dir,
		.fqdn = hook->fqdn,
		.auth_output = hook->output == NULL ? "" : hook->output };
}

/* The last answer frees what its receivers own. */
static void
tell_gone(struct hook *hook)
{
	struct solver_task **tasks = hook->tasks;
	size_t count = hook->count;
	struct err why = hook->err, none = ERR_INIT;

	free(hook->records);
	free(hook->argument);
	free(hook->output);
	free(hook);
	for (size_t i = 0; i < count; i++)
		tasks[i]->own = NULL;
	for (size_t i = 0; i < count; i++)
		tasks[i]->gone(tasks[i], i == 0 ? &why : &none);
	free(tasks);
}

static void
tell_ready(struct hook *hook)
{
	hook->accepted = hook->err.kind == ERR_NONE;
	if (hook->leaving)
		append(hook, true);
	for (size_t i = 0; i < hook->count; i++)
		hook->tasks[i]->ready(hook->tasks[i], &hook->err);
}

/* The first is done, and whoever waits for it is told. */
static void
finish(struct hook *hook)
{
	struct hook_call call = call_of(hook);

	/* What was begun beside it has no other end. */
	if (hook->dialect->beside != NULL && (hook->takedown ?
	    hook->accepted : hook->err.kind != ERR_NONE)) {
		call.takedown = true;
		hook->dialect->beside(&call, hook->err.kind == ERR_NONE ?
		    &hook->err : NULL);
	}
	busy = false;
	list_del(&queue, &hook->of_queue);
	hook->queued = false;
	if (hook->takedown)
		tell_gone(hook);
	else
		tell_ready(hook);
	pump();
}

static void
on_seen(void *ctx, const struct judge_dns_answer *answer)
{
	struct hook *hook = ctx;
	char shown[256];

	if (answer->err.kind != ERR_NONE) {
		text_printable(shown, sizeof(shown),
		    span_str(answer->err.text));
		log_event(LOG_INFO, "not-seen", "why=\"%s\"", shown);
	}
	if (--hook->awaited == 0)
		finish(hook);
}

static void
await(struct hook *hook)
{
	const struct hook_dialect *dialect = hook->dialect;
	const struct hook_env *env = hook->tasks[0]->environment;
	struct judge_dns_request request = { .type = JUDGE_DNS_AWAIT,
		.wait_s = AWAIT_S };

	if (dialect->timeout != NULL)
		request.wait_s = hook_env_seconds(env, dialect->timeout,
		    JUDGE_DNS_WAIT_MAX_S, AWAIT_S);
	if (dialect->interval != NULL)
		request.interval_s = (uint16_t)hook_env_seconds(env,
		    dialect->interval, JUDGE_DNS_WAIT_MAX_S, 0);
	/* One more: answers may come before all are asked for. */
	hook->awaited = hook->count + 1;
	for (size_t i = 0; i < hook->count; i++) {
		request.name = span_str(hook->records[i].name);
		request.value = span_str(hook->records[i].value);
		dns_ask(hook->world, &request, on_seen, hook);
	}
	on_seen(hook, &(struct judge_dns_answer){ .type = JUDGE_DNS_DONE });
}

static bool
is_dns(const struct hook *hook)
{
	return hook->tasks[0]->method == CLIENT_DNS_01 ||
	    hook->tasks[0]->method == CLIENT_DNS_ACCOUNT_01;
}

/* That there is no such hook is an error in all dialects. */
static bool
is_missing(const struct err *err)
{
	return strstr(err->text, "status 127:") != NULL ||
	    strstr(err->text, "status 126:") != NULL;
}

static void
keep_output(struct hook *hook, struct span output)
{
	while (output.len > 0 && strchr(" \t\r\n",
	    output.data[output.len - 1]) != NULL)
		output.len--;
	while (output.len > 0 && strchr(" \t\r\n", output.data[0]) != NULL)
		output = span_from(output, 1);
	hook->output = mem_zalloc(output.len + 1);
	if (output.len > 0)
		memcpy(hook->output, output.data, output.len);
}

static void
on_ended(void *ctx, const struct err *err, struct span output)
{
	struct hook *hook = ctx;
	struct err why = *err;

	if (!hook->takedown && hook->output == NULL)
		keep_output(hook, output);
	if (why.kind != ERR_NONE && hook->dialect->status_ignored &&
	    !is_missing(&why))
		why = (struct err)ERR_INIT;
	if (why.kind != ERR_NONE)
		err_prefix(&why, "the hook %.200s failed", hook->argument);
	if (hook->err.kind == ERR_NONE)
		hook->err = why;
	hook->step++;
	run(hook);
}

/* The next of the calls, or the end of all. */
static void
run(struct hook *hook)
{
	const struct solver_task *task = hook->tasks[0];
	const struct hook_call call = call_of(hook);
	struct hook_command made = { 0 };
	struct command *command = NULL;
	struct arena arena = { 0 };
	bool more = (hook->takedown || hook->err.kind == ERR_NONE) &&
	    (hook->step == 0 || hook->dialect->several) &&
	    hook->dialect->make(&call, &arena, &made);

	if (more && trusted_files(made.sources, &hook->err) == 0)
		command = command_exec(hook->world->loop, made.argv,
		    hook_env_join(task->environment, made.variables, &arena),
		    on_ended, hook, &hook->err);
	command_limit(command, task->hook_timeout_s);
	arena_free(&arena);
	if (command != NULL)
		return;
	if (!hook->takedown && is_dns(hook) && hook->err.kind == ERR_NONE)
		await(hook);
	else
		finish(hook);
}

static void
on_alias(void *ctx, const struct judge_dns_answer *answer)
{
	struct hook *hook = ctx;

	if (answer->err.kind == ERR_NONE && answer->name.len > 0)
		snprintf(hook->fqdn, sizeof(hook->fqdn), "%.*s",
		    SPAN_FMT(answer->name));
	run(hook);
}

/* What a CA sends is not handed on unless it is of the form that it has. */
static int
check_tasks(const struct hook *hook, struct err *err)
{
	for (size_t i = 0; i < hook->count; i++) {
		if (hook->tasks[i]->token.len > 0 &&
		    !client_token_check(hook->tasks[i]->token))
			return err_set(err, ERR_MALFORMED, "RFC 8555 8.3",
			    "the CA's token is none; no hook is called with "
			    "it");
	}
	return 0;
}

static void
start(struct hook *hook)
{
	struct judge_dns_request request = { .type = JUDGE_DNS_ALIAS };
	const struct hook_call call = call_of(hook);

	if (hook->takedown) {
		/* Declined, or no longer wanted. */
		if (hook->accepted)
			run(hook);
		else
			finish(hook);
	} else if (hook->leaving) {
		err_set(&hook->err, ERR_BUSY, NULL, "it is not wanted any "
		    "more");
		finish(hook);
	} else if (check_tasks(hook, &hook->err) < 0 ||
	    (hook->dialect->beside != NULL &&
	    hook->dialect->beside(&call, &hook->err) < 0)) {
		finish(hook);
	} else if (hook->dialect->follows) {
		request.name = span_str(hook->records[0].name);
		dns_ask(hook->world, &request, on_alias, hook);
	} else {
		run(hook);
	}
}

static void
add(const struct hook_dialect *dialect, const struct solver_world *world,
    const char *argument, struct solver_task *const *tasks, size_t count)
{
	struct hook *hook = mem_zalloc(sizeof(*hook));

	hook->dialect = dialect;
	hook->world = world;
	hook->argument = mem_strdup(argument);
	hook->count = count;
	hook->tasks = mem_alloc(count * sizeof(struct solver_task *));
	hook->records = mem_zalloc(count * sizeof(hook->records[0]));
	for (size_t i = 0; i < count; i++) {
		hook->tasks[i] = tasks[i];
		dns_record_make(tasks[i], &hook->records[i]);
		tasks[i]->own = hook;
	}
	snprintf(hook->fqdn, sizeof(hook->fqdn), "%s", hook->records[0].name);
	append(hook, false);
}

/* Of one method, since a call has one. */
static void
setup(const struct hook_dialect *dialect, const struct solver_world *world,
    const char *argument, struct solver_task *const *tasks, size_t count)
{
	bool chains = dialect->chains != NULL && dialect->chains(argument);
	size_t n;

	for (size_t i = 0; i < count; i += n) {
		n = 1;
		while (chains && i + n < count && tasks[i + n]->method == tasks[i]->method)
			n++;
		add(dialect, world, argument, tasks + i, n);
	}
	pump();
}

/* A setup that waits or runs comes to its end first. */
static void
takedown(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	(void)world;
	(void)argument;
	for (size_t i = 0; i < count; i++) {
		struct hook *hook = tasks[i]->own;

		if (hook->leaving)
			continue;
		hook->leaving = true;
		if (!hook->queued)
			append(hook, true);
	}
	pump();
}

#define DNS_METHODS (CLIENT_METHOD_BIT(CLIENT_DNS_01) | \
	CLIENT_METHOD_BIT(CLIENT_DNS_ACCOUNT_01))
#define HTTP_METHOD CLIENT_METHOD_BIT(CLIENT_HTTP_01)

/* A solver of the dialect hook_dialects[index]. */
#define SOLVER(what, index, label, takes, bits) \
static void \
setup_##what(const struct solver_world *world, const char *argument, \
    struct solver_task *const *tasks, size_t count) \
{ \
	setup(&hook_dialects[index], world, argument, tasks, count); \
} \
static int \
check_##what(const char *argument, struct err *err) \
{ \
	return hook_dialects[index].check(argument, err); \
} \
const struct solver solver_##what = { \
	.name = label, .argument = takes, .methods = bits, \
	.check = check_##what, .setup = setup_##what, .takedown = takedown, \
}

/* As docs/hooks.md and signet(1) have them. */
SOLVER(certbot_http, HOOK_CERTBOT_HTTP, "certbot-http", "AUTH[;; CLEANUP]",
    HTTP_METHOD);
SOLVER(certbot_dns, HOOK_CERTBOT_DNS, "certbot-dns", "AUTH[;; CLEANUP]",
    DNS_METHODS);
SOLVER(dehydrated_http, HOOK_DEHYDRATED_HTTP, "dehydrated-http",
    "HOOK[,chain][,wellknown=DIR]", HTTP_METHOD);
SOLVER(dehydrated_dns, HOOK_DEHYDRATED_DNS, "dehydrated-dns", "HOOK[,chain]",
    DNS_METHODS);
SOLVER(uacme, HOOK_UACME, "uacme", "HOOK",
    DNS_METHODS | HTTP_METHOD | CLIENT_METHOD_BIT(CLIENT_TLS_ALPN_01));
SOLVER(lego_exec, HOOK_LEGO_EXEC, "lego-exec", "PROGRAM", DNS_METHODS);
SOLVER(lego_exec_raw, HOOK_LEGO_EXEC_RAW, "lego-exec-raw", "PROGRAM",
    DNS_METHODS);
SOLVER(lego_httpreq, HOOK_LEGO_HTTPREQ, "lego-httpreq", "[URL]", DNS_METHODS);
SOLVER(acmesh, HOOK_ACMESH, "acme.sh", "dns_NAME[,DIR]", DNS_METHODS);
