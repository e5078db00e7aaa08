/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_signer.h"

#include <stdio.h>

#include "pkix/key.h"
#include "signer/signer.h"
#include "validator/validator.h"

/*
 * Keys.
 */

static void
need(int r, const struct err *err)
{
	if (r < 0) {
		fprintf(stderr, "sim: %s\n", err->text);
		exit(2);
	}
}

static int64_t
fixed_now(void *ctx)
{
	(void)ctx;
	return INT64_C(1790000000000); /* before any simulation's time */
}

static void
fixed_random(void *ctx, void *out, size_t len)
{
	(void)ctx;
	memset(out, 0x5a, len);
}

void
sim_keys_make(struct sim_keys *keys)
{
	const struct env env = { .now = fixed_now, .random = fixed_random };
	struct pki_issuer root;
	struct err err = ERR_INIT;

	need(key_generate(&keys->root_key, &err), &err);
	need(key_generate(&keys->intermediate_key, &err), &err);
	need(pki_make_root(&env, keys->root_key, "Sim Root", 0, &keys->arena,
	    &keys->root, &err), &err);
	root = (struct pki_issuer){ keys->root, keys->root_key };
	need(pki_make_intermediate(&env, &root, keys->intermediate_key,
	    "Sim Intermediate", 0, &keys->arena, &keys->intermediate, &err),
	    &err);
	memset(keys->perspective, 7, sizeof(keys->perspective));
}

void
sim_keys_done(struct sim_keys *keys)
{
	EVP_PKEY_free(keys->root_key);
	EVP_PKEY_free(keys->intermediate_key);
	arena_free(&keys->arena);
}

/*
 * The validator's answers.
 */

static void
on_validated(void *arg, uint64_t id, const struct validate_answer *answer)
{
	struct bld out;

	bld_init(&out, SIM_FRAME_MAX);
	validate_answer_encode(&out, answer);
	sim_ca_frame(arg, SIM_CORE, SIM_VALIDATOR, (uint16_t)answer->type, id,
	    bld_view(&out));
	bld_free(&out);
}

int
sim_validator_frame(struct sim_ca *ca, uint16_t type, uint64_t id,
    struct span payload, struct err *err)
{
	struct validate_request request;
	int r = validate_request_decode(type, payload, &request, err);

	if (r == 0)
		validator_ask(ca->validator, &request, on_validated, ca, id);
	return r;
}

/*
 * The signer's disk: appended bytes are in the journal at once, and survive a
 * crash up to journal_durable.
 */

static struct sim_ca *
ca_of(void *ctx)
{
	struct sim_host *host = ctx;

	return host->disk_of;
}

static int
disk_append(void *ctx, struct span record, struct err *err)
{
	struct sim_ca *ca = ca_of(ctx);

	bld_span(&ca->journal, record);
	return bld_end(&ca->journal) == 0 ? 0 :
	    err_set(err, ERR_IO, NULL, "the simulated disk is full");
}

static int
disk_sync(void *ctx, struct err *err)
{
	struct sim_ca *ca = ca_of(ctx);

	(void)err;
	ca->journal_durable = ca->journal.len;
	return 0;
}

static int
disk_read(void *ctx, uint64_t offset, void *out, size_t len, size_t *ret_len,
    struct err *err)
{
	struct sim_ca *ca = ca_of(ctx);
	size_t left = offset < ca->journal.len ?
	    ca->journal.len - (size_t)offset : 0;

	(void)err;
	*ret_len = len < left ? len : left;
	if (*ret_len > 0)
		memcpy(out, ca->journal.data + offset, *ret_len);
	return 0;
}

static int
disk_cut(void *ctx, uint64_t size, struct err *err)
{
	struct sim_ca *ca = ca_of(ctx);

	if (size < ca->journal_durable)
		return err_set(err, ERR_INTERNAL, NULL,
		    "the signer cuts off what was durable");
	ca->journal.len = (size_t)size;
	return 0;
}

/*
 * The signer.
 */

static void
on_answer(void *ctx, uint64_t id, uint16_t type, struct span payload)
{
	sim_ca_frame(ctx, SIM_CORE, SIM_SIGNER, type, id, payload);
}

static const struct signer_ops signer_ops = { .answer = on_answer };

void
sim_signer_start(struct sim_ca *ca)
{
	struct issue_perspective perspective = { .who = { .name = "local" } };
	struct env *env = &ca->envs[SIM_SIGNER];
	struct signer_options options = {
		.env = env,
		.config = &ca->config,
		.chain = { ca->keys->intermediate, ca->keys->root },
		.num_chain = 2,
		.key = ca->keys->intermediate_key,
		.perspectives = &perspective,
		.num_perspectives = 1,
	};
	struct err err = ERR_INIT;

	memcpy(perspective.key, ca->keys->perspective,
	    sizeof(perspective.key));
	ca->hosts[SIM_SIGNER].disk_of = ca;
	env->journal_append = disk_append;
	env->journal_sync = disk_sync;
	env->journal_read = disk_read;
	env->journal_cut = disk_cut;
	if (signer_new(&options, &signer_ops, ca, &ca->signer, &err) != 0)
		snprintf(ca->trouble, sizeof(ca->trouble),
		    "the signer does not start: %.400s", err.text);
}

int
sim_signer_frame(struct sim_ca *ca, uint16_t type, uint64_t id,
    struct span payload, struct err *err)
{
	return signer_request(ca->signer, id, type, payload, err);
}

void
sim_signer_turn_end(struct sim_ca *ca)
{
	struct err err = ERR_INIT;

	if (signer_turn_end(ca->signer, &err) != 0)
		snprintf(ca->trouble, sizeof(ca->trouble),
		    "the signer's turn: %.400s", err.text);
}

void
sim_signer_kill(struct sim_ca *ca)
{
	size_t loose = ca->journal.len - ca->journal_durable;

	signer_free(ca->signer);
	ca->signer = NULL;
	/* The disk has kept any part of what was not synced. */
	ca->journal.len = ca->journal_durable +
	    (size_t)sim_world_below(ca->world, loose + 1);
}
