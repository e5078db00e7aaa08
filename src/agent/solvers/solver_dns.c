/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns: TXT records by dynamic updates (RFC 2136) of the zone's primary, signed
 * with a TSIG key, made and looked for by the dns process.
 */
#include "agent/solvers/dns_ask.h"
#include "agent/solvers/dns_options.h"
#include "agent/solvers/dns_record.h"
#include "base/mem.h"

#define WAIT_S 120       /* until all name servers have a record */
#define UNSIGNED "unsigned" /* stands for a key: the server trusts addresses */

static const char form[] = "dns=KEY[,server=ADDRESS][,port=PORT]"
    "[,resolver=ADDRESS][,wait=SECONDS]";

/* A key's name becomes a file's. */
static bool
is_key_name(struct span name)
{
	if (name.len == 0 || name.len > JUDGE_DNS_KEY_MAX ||
	    name.data[0] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = (char)name.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') && c != '-' && c != '_' &&
		    c != '.')
			return false;
	}
	return true;
}

static int
parse(const char *argument, struct judge_dns_request *ret, struct err *err)
{
	size_t len = strcspn(argument, ",");

	*ret = (struct judge_dns_request){ .key = span_of(argument, len),
		.wait_s = WAIT_S };
	if (!is_key_name(ret->key))
		return err_set(err, ERR_CONFIG, NULL, "\"dns=%s\" names no "
		    "key; write %s, with a TSIG key in the file KEY.key of "
		    "the folder dns of the state", argument, form);
	if (argument[len] == ',' && dns_options_parse(argument + len + 1, ret,
	    err) < 0)
		return err_prefix(err, "\"dns=%s\"", argument);
	if (span_equal_str(ret->key, UNSIGNED))
		ret->key = SPAN_NONE;
	return 0;
}

static int
check(const char *argument, struct err *err)
{
	struct judge_dns_request request;

	return parse(argument, &request, err);
}

/* A task's record, from setup to takedown. */
struct record {
	struct solver_task *task;
	const struct solver_world *world;
	struct judge_dns_request request; /* its spans: of the members below */
	struct dns_record text;
	char *argument;
	bool adding, leaving;
};

static void
on_removed(void *ctx, const struct judge_dns_answer *answer)
{
	struct record *record = ctx;
	struct solver_task *task = record->task;

	task->own = NULL;
	free(record->argument);
	free(record);
	task->gone(task, &answer->err);
}

static void
remove_record(struct record *record)
{
	record->request.type = JUDGE_DNS_REMOVE;
	dns_ask(record->world, &record->request, on_removed, record);
}

static void
on_added(void *ctx, const struct judge_dns_answer *answer)
{
	struct record *record = ctx;

	record->adding = false;
	record->task->ready(record->task, &answer->err);
	/* An update that is on its way cannot be called back. */
	if (record->leaving)
		remove_record(record);
}

static void
setup(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct record *record = mem_zalloc(sizeof(*record));
		struct err err = ERR_INIT;

		record->task = tasks[i];
		record->world = world;
		record->argument = mem_strdup(argument);
		if (parse(record->argument, &record->request, &err) < 0) {
			free(record->argument);
			free(record);
			tasks[i]->ready(tasks[i], &err);
			continue;
		}
		dns_record_make(tasks[i], &record->text);
		record->request.type = JUDGE_DNS_ADD;
		record->request.name = span_str(record->text.name);
		record->request.value = span_str(record->text.value);
		record->adding = true;
		tasks[i]->own = record;
		dns_ask(world, &record->request, on_added, record);
	}
}

static void
takedown(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	struct err none = ERR_INIT;

	(void)world;
	(void)argument;
	for (size_t i = 0; i < count; i++) {
		struct record *record = tasks[i]->own;

		if (record == NULL)
			tasks[i]->gone(tasks[i], &none);
		else if (record->adding)
			record->leaving = true;
		else
			remove_record(record);
	}
}

const struct solver solver_dns = {
	.name = "dns", .argument = "KEY",
	.methods = CLIENT_METHOD_BIT(CLIENT_DNS_01) |
	    CLIENT_METHOD_BIT(CLIENT_DNS_ACCOUNT_01),
	.check = check, .setup = setup, .takedown = takedown,
};
