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
#include "agent/solvers/dns_ask.h"
#include "agent/solvers/dns_record.h"
#include "agent/solvers/hook_dialect.h"
#include "base/mem.h"
#include "base/text.h"
#include "client/client_names.h"

#define AWAIT_S 60

/* A task, from setup to the end of its takedown. */
struct hook {
	const struct hook_dialect *dialect;
	const struct solver_world *world;
	struct solver_task *task;
	char *argument, *output;
	struct dns_record record;
	char fqdn[DNS_RECORD_NAME_SIZE];
	bool accepted;   /* setup has worked */
	bool queued;
	bool leaving;    /* takedown was called */
	bool takedown;   /* what it waits or runs for */
	struct hook *next;
};

/* What waits for its turn, and what runs (the first, while busy). */
static struct hook *first, **last = &first;
static bool busy;

static void start(struct hook *hook);

static void
append(struct hook *hook, bool takedown)
{
	hook->takedown = takedown;
	hook->queued = true;
	hook->next = NULL;
	*last = hook;
	last = &hook->next;
}

/* Starts what may start. One that ends at once comes back here. */
static void
pump(void)
{
	static bool inside;

	if (inside)
		return;
	inside = true;
	while (!busy && first != NULL) {
		busy = true;
		start(first);
	}
	inside = false;
}

/* The first is done, and whoever waits for it is told. */
static void
finish(struct hook *hook, const struct err *err)
{
	struct solver_task *task = hook->task;
	struct err why = *err;

	busy = false;
	first = hook->next;
	if (first == NULL)
		last = &first;
	hook->queued = false;
	if (hook->takedown) {
		free(hook->argument);
		free(hook->output);
		free(hook);
		task->own = NULL;
		task->gone(task, &why);
	} else {
		hook->accepted = why.kind == ERR_NONE;
		if (hook->leaving)
			append(hook, true);
		task->ready(task, &why);
	}
	pump();
}

static void
on_seen(void *ctx, const struct judge_dns_answer *answer)
{
	struct err none = ERR_INIT;
	char shown[256];

	if (answer->err.kind != ERR_NONE) {
		text_printable(shown, sizeof(shown),
		    span_str(answer->err.text));
		log_event(LOG_INFO, "not-seen", "why=\"%s\"", shown);
	}
	finish(ctx, &none);
}

static void
await(struct hook *hook)
{
	struct judge_dns_request request = { .type = JUDGE_DNS_AWAIT,
		.name = span_str(hook->record.name),
		.value = span_str(hook->record.value), .wait_s = AWAIT_S };

	dns_ask(hook->world, &request, on_seen, hook);
}

static bool
is_dns(const struct hook *hook)
{
	return hook->task->method == CLIENT_DNS_01 ||
	    hook->task->method == CLIENT_DNS_ACCOUNT_01;
}

/* That there is no such hook is an error in all dialects. */
static bool
is_missing(const struct err *err)
{
	return strstr(err->text, "status 127:") != NULL ||
	    strstr(err->text, "status 126:") != NULL;
}

static void
on_ended(void *ctx, const struct err *err, struct span output)
{
	struct hook *hook = ctx;
	struct err why = *err;

	if (!hook->takedown) {
		while (output.len > 0 && strchr(" \t\r\n",
		    output.data[output.len - 1]) != NULL)
			output.len--;
		hook->output = mem_zalloc(output.len + 1);
		if (output.len > 0)
			memcpy(hook->output, output.data, output.len);
	}
	if (why.kind != ERR_NONE && hook->dialect->status_ignored &&
	    !is_missing(&why))
		why = (struct err)ERR_INIT;
	if (why.kind != ERR_NONE)
		err_prefix(&why, "the hook %.200s failed", hook->argument);
	if (why.kind == ERR_NONE && !hook->takedown && is_dns(hook))
		await(hook);
	else
		finish(hook, &why);
}

static void
run(struct hook *hook)
{
	const struct hook_call call = { .task = hook->task,
		.argument = hook->argument, .takedown = hook->takedown,
		.dir = hook->world->dir, .fqdn = hook->fqdn,
		.auth_output = hook->output == NULL ? "" : hook->output };
	struct hook_command command = { 0 };
	struct arena arena = { 0 };
	struct err err = ERR_INIT;

	if (!hook->dialect->make(&call, &arena, &command)) {
		finish(hook, &err);
	} else if (command_exec(hook->world->loop, command.argv,
	    command.variables, on_ended, hook, &err) == NULL) {
		finish(hook, &err);
	}
	arena_free(&arena);
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

static void
start(struct hook *hook)
{
	struct judge_dns_request request = { .type = JUDGE_DNS_ALIAS };
	struct err err = ERR_INIT;

	if (hook->takedown ? !hook->accepted : hook->leaving) {
		/* Declined, or no longer wanted. */
		finish(hook, &err);
	} else if (hook->task->token.len > 0 &&
	    !client_token_check(hook->task->token)) {
		err_set(&err, ERR_MALFORMED, "RFC 8555 8.3", "the CA's token "
		    "is none; no hook is called with it");
		finish(hook, &err);
	} else if (hook->dialect->follows && !hook->takedown) {
		request.name = span_str(hook->record.name);
		dns_ask(hook->world, &request, on_alias, hook);
	} else {
		run(hook);
	}
}

static void
setup(const struct hook_dialect *dialect, const struct solver_world *world,
    const char *argument, struct solver_task *const *tasks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct hook *hook = mem_zalloc(sizeof(*hook));

		hook->dialect = dialect;
		hook->world = world;
		hook->task = tasks[i];
		hook->argument = mem_strdup(argument);
		dns_record_make(tasks[i], &hook->record);
		snprintf(hook->fqdn, sizeof(hook->fqdn), "%s",
		    hook->record.name);
		tasks[i]->own = hook;
		append(hook, false);
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
#define SOLVER(what, index, label, takes, words, bits) \
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
	.name = label, .argument = takes, .doc = words, .methods = bits, \
	.check = check_##what, .setup = setup_##what, .takedown = takedown, \
}

SOLVER(certbot_http, HOOK_CERTBOT_HTTP, "certbot-http", "AUTH[;; CLEANUP]",
    "certbot's --manual-auth-hook and --manual-cleanup-hook, for http-01",
    HTTP_METHOD);
SOLVER(certbot_dns, HOOK_CERTBOT_DNS, "certbot-dns", "AUTH[;; CLEANUP]",
    "certbot's --manual-auth-hook and --manual-cleanup-hook, for dns-01",
    DNS_METHODS);
SOLVER(dehydrated_http, HOOK_DEHYDRATED_HTTP, "dehydrated-http", "HOOK",
    "a hook of dehydrated, for http-01", HTTP_METHOD);
SOLVER(dehydrated_dns, HOOK_DEHYDRATED_DNS, "dehydrated-dns", "HOOK",
    "a hook of dehydrated, for dns-01", DNS_METHODS);
SOLVER(uacme, HOOK_UACME, "uacme", "HOOK", "a hook of uacme",
    DNS_METHODS | HTTP_METHOD | CLIENT_METHOD_BIT(CLIENT_TLS_ALPN_01));
SOLVER(lego_exec, HOOK_LEGO_EXEC, "lego-exec", "PROGRAM",
    "a program of lego's provider exec", DNS_METHODS);
SOLVER(lego_exec_raw, HOOK_LEGO_EXEC_RAW, "lego-exec-raw", "PROGRAM",
    "a program of lego's provider exec with EXEC_MODE=RAW", DNS_METHODS);
SOLVER(lego_httpreq, HOOK_LEGO_HTTPREQ, "lego-httpreq", "URL",
    "a server of lego's provider httpreq, asked by curl", DNS_METHODS);
SOLVER(acmesh, HOOK_ACMESH, "acme.sh", "dns_NAME[,DIR]",
    "a DNS script of the acme.sh that is installed in DIR", DNS_METHODS);
