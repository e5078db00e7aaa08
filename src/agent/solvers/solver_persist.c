/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns-persist: the record of dns-persist-01 stays for ever and was published
 * by the administrator (`signet persist` shows it). It is looked for at every
 * name server, and nothing is changed.
 */
#include <stdio.h>

#include "agent/solvers/dns_ask.h"
#include "agent/solvers/dns_options.h"
#include "agent/solvers/dns_record.h"
#include "base/mem.h"

static int
check(const char *argument, struct err *err)
{
	struct judge_dns_request request = { 0 };

	return argument[0] == '\0' ? 0 : dns_options_parse(argument, &request,
	    err);
}

/* A task, from setup to takedown. */
struct look {
	struct solver_task *task;
	bool looking, leaving;
};

static void
leave(struct look *look)
{
	struct solver_task *task = look->task;
	struct err none = ERR_INIT;

	task->own = NULL;
	free(look);
	task->gone(task, &none);
}

static void
on_looked(void *ctx, const struct judge_dns_answer *answer)
{
	struct look *look = ctx;
	struct solver_task *task = look->task;
	struct err err = answer->err;

	look->looking = false;
	if (err.kind != ERR_NONE)
		err_set(&err, ERR_DNS, NULL, "%.300s; `signet persist %s%.*s` "
		    "shows the record that has to be there", answer->err.text,
		    task->wildcard ? "*." : "", SPAN_FMT(task->ident.value));
	task->persist_until_s = answer->persist_until_s;
	task->ready(task, &err);
	if (look->leaving)
		leave(look);
}

static void
setup(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	char name[DNS_RECORD_NAME_SIZE];
	struct look *look;

	for (size_t i = 0; i < count; i++) {
		struct judge_dns_request request = {
			.type = JUDGE_DNS_PERSIST,
			.account_url = tasks[i]->account_url,
			.wildcard = tasks[i]->wildcard,
			.num_issuers = tasks[i]->num_issuers };

		if (argument[0] != '\0')
			(void)dns_options_parse(argument, &request, NULL);
		memcpy(request.issuers, tasks[i]->issuers,
		    sizeof(request.issuers));
		snprintf(name, sizeof(name), DNS_RECORD_PERSIST "%.*s",
		    SPAN_FMT(tasks[i]->ident.value));
		request.name = span_str(name);
		look = mem_zalloc(sizeof(*look));
		*look = (struct look){ .task = tasks[i], .looking = true };
		tasks[i]->own = look;
		dns_ask(world, &request, on_looked, look);
	}
}

static void
takedown(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	(void)world;
	(void)argument;
	for (size_t i = 0; i < count; i++) {
		struct look *look = tasks[i]->own;

		if (look->looking)
			look->leaving = true;
		else
			leave(look);
	}
}

const struct solver solver_persist = {
	.name = "dns-persist", .argument = "OPTIONS",
	.methods = CLIENT_METHOD_BIT(CLIENT_DNS_PERSIST_01),
	.check = check, .setup = setup, .takedown = takedown,
};
