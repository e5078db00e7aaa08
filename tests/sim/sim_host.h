/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_SIM_HOST_H
#define SIGNET_TESTS_SIM_HOST_H

/*
 * sim_host: the struct env that a simulated process gets: the world's clock
 * and chance, timers that die with the process, and a network in which names
 * resolve to one public address and clients serve their key authorizations.
 */

#include "base/bld.h"
#include "base/env.h"
#include "sim_world.h"

struct sim_net {
	/* Percent of questions and fetches that fail. */
	unsigned dns_failures, fetch_failures;
	/* Appends what is served at this URL; false: 404. */
	bool (*serve)(void *ctx, struct span url, struct bld *out);
	void *ctx;
};

struct sim_host {
	struct sim_world *world;
	enum sim_process process;
	const struct sim_net *net;
	void *disk_of; /* the signer's: whose disk it has */
};

/* Fills now, random, timers; and resolve and fetch if the host has a net. */
void sim_host_env(struct sim_host *host, struct env *env);

#endif
