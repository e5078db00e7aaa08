/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls-alpn: tls-alpn-01 (RFC 8737) by a listener of our own, alone or in front
 * of a server that it hands all else on to. A CA asks port 443: another port
 * is for those to whom port 443 is forwarded.
 *
 *   tls-alpn=[ADDRESS:]PORT,backend=ADDRESS:PORT,proxy=v1|v2
 */
#include "agent/solvers/listening.h"

static int
read_proxy(struct span value, enum listener_proxy *ret, struct err *err)
{
	if (span_equal_str(value, "v1"))
		*ret = LISTENER_PROXY_V1;
	else if (span_equal_str(value, "v2"))
		*ret = LISTENER_PROXY_V2;
	else
		return err_set(err, ERR_CONFIG, NULL, "tls-alpn: there is no "
		    "version \"%.*s\" of the PROXY protocol; write proxy=v1 "
		    "or proxy=v2", SPAN_FMT(value));
	return 0;
}

static int
read_backend(struct span value, struct listener_backend *ret,
    struct err *err)
{
	struct port port;
	int r = port_parse(value, &port, err);

	if (r == 0 && port.any)
		r = err_set(err, ERR_CONFIG, NULL, "backend=%.*s says no "
		    "address; write backend=127.0.0.1:%.*s", SPAN_FMT(value),
		    SPAN_FMT(value));
	if (r < 0)
		return err_prefix(err, "tls-alpn");
	ret->address = port.addresses[0].address;
	ret->address_len = port.addresses[0].len;
	return 0;
}

static int
read_part(struct span part, struct listening_place *place,
    struct listener_backend *backend, struct err *err)
{
	int r;

	if (span_starts_with(part, SPAN_LIT("backend="))) {
		place->backend = backend;
		return read_backend(span_from(part, 8), backend, err);
	}
	if (span_starts_with(part, SPAN_LIT("proxy=")))
		return read_proxy(span_from(part, 6), &backend->proxy, err);
	r = port_parse(part, &place->port, err);
	return r < 0 ? err_prefix(err, "tls-alpn") : 0;
}

static int
read_place(const char *argument, struct listening_place *ret,
    struct listener_backend *backend, struct err *err)
{
	int r;

	*ret = (struct listening_place){ .role = AGENT_ALPN,
		.remedy = "let it listen elsewhere and stand in front of it "
		    "with --via tls-alpn=443,backend=127.0.0.1:PORT, or prove "
		    "control otherwise, as with --via webroot=DIR" };
	*backend = (struct listener_backend){ .proxy = LISTENER_PROXY_NONE };
	r = port_parse(SPAN_LIT("443"), &ret->port, err);
	while (r == 0 && argument[0] != '\0') {
		size_t len = strcspn(argument, ",");

		r = read_part(span_of(argument, len), ret, backend, err);
		argument += len + (argument[len] == ',');
	}
	if (r == 0 && backend->proxy != LISTENER_PROXY_NONE &&
	    ret->backend == NULL)
		r = err_set(err, ERR_CONFIG, NULL, "tls-alpn: proxy= is for a "
		    "server behind; write backend=ADDRESS:PORT, too");
	return r;
}

static int
check(const char *argument, struct err *err)
{
	struct listener_backend backend;
	struct listening_place place;

	return read_place(argument, &place, &backend, err);
}

static void
setup(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	struct listener_backend backend;
	struct listening_place place;
	struct err err = ERR_INIT;

	if (read_place(argument, &place, &backend, &err) == 0)
		listening_setup(world, &place, argument, tasks, count);
	else
		listening_refuse(tasks, count, &err);
}

static void
takedown(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	(void)argument;
	listening_takedown(world, AGENT_ALPN, tasks, count);
}

const struct solver solver_tls_alpn = {
	.name = "tls-alpn",
	.argument = "[ADDRESS:]PORT[,backend=ADDRESS:PORT][,proxy=v1|v2]",
	.methods = CLIENT_METHOD_BIT(CLIENT_TLS_ALPN_01),
	.check = check, .setup = setup, .takedown = takedown,
};
