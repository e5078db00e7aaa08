/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: a TLS connection must show the new certificate. It is made by a
 * process of its own, forked for that alone, in a sandbox: judge reads no network
 * byte.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/deploy/deploy.h"
#include "agent/proc/agent_proc.h"
#include "agent/server/apart.h"
#include "agent/server/places.h"

_Static_assert(APART_UID == AGENT_UID_BASE + AGENT_PROBE, "one user");

struct look {
	struct service service;
	char name[PLACES_NAME_SIZE];
	struct look_leaf leaf;
	int wait_ms;
};

/* In the forked process. */
static int
look_at(void *arg, struct err *err)
{
	const struct look *look = arg;
	struct look_at at[PLACES_MAX];
	size_t count;
	int r = places_find(&look->service, at, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		at[i].settle_ms = look->wait_ms;
		r = look_tls_wait(&at[i], look->name, &look->leaf, err);
	}
	if (r == 0)
		err->kind = ERR_NONE; /* of a look before the last */
	return r;
}

struct command *
deploy_verify(struct loop *loop, const char *argument,
    const struct deploy_cert *cert, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err)
{
	struct look look = { .leaf = {
	    .rsa = strncmp(cert->key_name, "rsa", 3) == 0 } };

	if (service_parse(argument, &look.service, err) < 0)
		return NULL;
	if (cert->site->verify_wait != NULL)
		look.wait_ms = 1000 * (int)strtol(cert->site->verify_wait,
		    NULL, 10);
	memcpy(look.leaf.hash, cert->leaf_hash, sizeof(look.leaf.hash));
	places_name(site_conf_first_name(cert->site), look.name);
	return command_call(loop, look_at, &look, done, ctx, err);
}
