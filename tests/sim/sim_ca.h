/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_SIM_SIM_CA_H
#define SIGNET_TESTS_SIM_SIM_CA_H

/*
 * sim_ca: a whole CA in one process: the logic of web, core, validator and
 * signer, joined by links that lose what is in flight when an end dies. Disks
 * (the store, the signer's journal) outlive their process, and keep of what
 * was not yet durable at most a part.
 */

#include "conf/config.h"
#include "pkix/pki.h"
#include "rpc/attestation.h"
#include "sim_client.h"
#include "sim_host.h"
#include "store/store.h"

#define SIM_CLIENTS_MAX 4
#define SIM_FRAME_MAX (1024 * 1024)

/* What all simulations share, made once: keys and certificates. */
struct sim_keys {
	struct arena arena;
	EVP_PKEY *root_key, *intermediate_key;
	struct span root, intermediate;
	uint8_t perspective[ATTESTATION_KEY_SIZE];
};

struct sim_ca {
	struct sim_world *world;
	const struct sim_keys *keys;
	struct config config;
	struct sim_net net;
	struct sim_client *clients;
	size_t num_clients;

	struct sim_host hosts[SIM_PROCESS_MAX];
	struct env envs[SIM_PROCESS_MAX];
	bool alive[SIM_PROCESS_MAX];
	uint32_t link_epoch[SIM_PROCESS_MAX]; /* of the link to core */
	int64_t link_to[SIM_PROCESS_MAX];     /* last delivery, towards it */
	int64_t link_from[SIM_PROCESS_MAX];   /* last delivery, towards core */
	unsigned web_peer;                    /* core's number for web */
	unsigned crashes_left;
	unsigned crash_percent_of_percent;    /* of steps: 100 is one in 100 */

	/* Disks. */
	struct store *store;
	struct bld journal;     /* all that was appended */
	size_t journal_durable; /* bytes of it that survive a crash */

	/* Processes; NULL while dead. */
	struct web *web;
	struct nonces *nonces;
	struct core *core;
	struct validator *validator;
	struct rules *rules;
	struct signer *signer;
	char trouble[512];      /* a broken promise; "" if none */
};

void sim_keys_make(struct sim_keys *keys);
void sim_keys_done(struct sim_keys *keys);

void sim_ca_init(struct sim_ca *ca, struct sim_world *world,
    const struct sim_keys *keys, struct sim_client *clients,
    size_t num_clients);
void sim_ca_done(struct sim_ca *ca);

/* Handles the next event, ends the turn of the process that it was for, and
 * perhaps kills a process before, between or after. False when nothing is
 * left to happen. */
bool sim_ca_step(struct sim_ca *ca);

/* From here on nothing crashes and nothing fails. */
void sim_ca_calm(struct sim_ca *ca);

/* A client's request (struct sim_client's send). */
void sim_ca_send(void *ctx, struct sim_client *client, const char *method,
    const char *path, struct span body);

#endif
