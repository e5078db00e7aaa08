/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standalone: http-01 (RFC 8555 8.3) by a listener of our own, for machines
 * without a web server. A CA asks port 80: another port is for those to whom
 * port 80 is forwarded.
 */
#include "agent/solvers/listening.h"

static int
read_place(const char *argument, struct listening_place *ret, struct err *err)
{
	int r;

	*ret = (struct listening_place){ .role = AGENT_LISTENER,
		.remedy = "let it show the challenge's files, --via "
		    "webroot=DIR with the folder that it shows as /, or stop "
		    "it for as long as this takes" };
	r = port_parse(argument[0] == '\0' ? SPAN_LIT("80") :
	    span_str(argument), &ret->port, err);
	return r < 0 ? err_prefix(err, "standalone") : 0;
}

static int
check(const char *argument, struct err *err)
{
	struct listening_place place;

	return read_place(argument, &place, err);
}

static void
setup(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	struct listening_place place;
	struct err err = ERR_INIT;

	if (read_place(argument, &place, &err) == 0)
		listening_setup(world, &place, argument, tasks, count);
	else
		listening_refuse(tasks, count, &err);
}

static void
takedown(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	(void)argument;
	listening_takedown(world, AGENT_LISTENER, tasks, count);
}

const struct solver solver_standalone = {
	.name = "standalone", .argument = "[ADDRESS:]PORT",
	.methods = CLIENT_METHOD_BIT(CLIENT_HTTP_01),
	.check = check, .setup = setup, .takedown = takedown,
};
