/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core's wires: web and dev ask, validators and the signer are asked, and the
 * end of each turn of the loop is the end of a transaction. It stops when the
 * last web process has gone with its answers. Unlike the others it opens what
 * it works on, the store, inside its sandbox.
 */
#include "core/core_main.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/log.h"
#include "conf/layout.h"
#include "core/core.h"
#include "core/core_sandbox.h"
#include "proc/peers.h"
#include "store/store_sqlite.h"

/* An orderly stop waits so long for the web processes to be done. */
#define STOP_WAIT_MS 5000

/* Requests of a busy core share commits over so long a time. */
#define GATHER_MS 2

struct main {
	struct proc proc;
	struct env env;       /* proc's, with the store */
	struct core *core;
	struct peers peers;
	struct env_timer *stop_timer;
	bool stopping;
};

_Static_assert(CONFIG_PROCESSES_MAX <= CORE_VALIDATORS_MAX,
    "core can ask every validator that may be configured");

static void
on_answer(void *ctx, unsigned number, uint64_t id, uint16_t type,
    struct span payload)
{
	struct main *main = ctx;

	peers_answer(&main->peers, number, type, id, payload);
}

static void
on_ask_validator(void *ctx, unsigned validator, uint64_t id, uint16_t type,
    struct span payload)
{
	struct main *main = ctx;

	peers_send(&main->peers, ROLE_VALIDATOR, validator, type, id, payload);
}

static void
on_ask_signer(void *ctx, uint64_t id, uint16_t type, struct span payload)
{
	struct main *main = ctx;

	peers_send(&main->peers, ROLE_SIGNER, 0, type, id, payload);
}

static const struct core_ops core_ops = {
	.answer = on_answer,
	.ask_validator = on_ask_validator,
	.ask_signer = on_ask_signer,
};

static int
on_frame(void *ctx, const struct peer *peer, uint16_t type, uint64_t id,
    struct span payload, struct err *err)
{
	struct core *core = ((struct main *)ctx)->core;

	switch (peer->role) {
	case ROLE_WEB:
		return core_web_request(core, peer->number, id, type, payload,
		    err);
	case ROLE_DEV:
		return core_dev_request(core, peer->number, id, type, payload,
		    err);
	case ROLE_VALIDATOR:
		return core_validator_answer(core, peer->index, id, type,
		    payload, err);
	case ROLE_SIGNER:
		return core_signer_answer(core, id, type, payload, err);
	case ROLE_MASTER:
	case ROLE_CORE:
	case ROLE_COUNT:
		break;
	}
	return err_set(err, ERR_FRAME, NULL, "core has no such peer");
}

static void
on_up(void *ctx, const struct peer *peer)
{
	struct main *main = ctx;

	if (peer->role == ROLE_VALIDATOR)
		core_validator_up(main->core, peer->index);
	else if (peer->role == ROLE_SIGNER)
		core_signer_up(main->core);
}

static void
on_down(void *ctx, const struct peer *peer)
{
	struct main *main = ctx;

	if (peer->role == ROLE_VALIDATOR)
		core_validator_down(main->core, peer->index);
	else if (peer->role == ROLE_SIGNER)
		core_signer_down(main->core);
	else
		core_peer_gone(main->core, peer->number);
}

static const struct peers_ops peers_ops = {
	.frame = on_frame,
	.up = on_up,
	.down = on_down,
};

static void
on_turn_end(void *arg)
{
	struct main *main = arg;

	core_turn_end(main->core);
	if (main->stopping && !peers_has(&main->peers, ROLE_WEB))
		loop_stop(main->proc.loop);
}

static void
on_stop_timeout(void *arg)
{
	struct main *main = arg;

	main->stop_timer = NULL;
	loop_stop(main->proc.loop);
}

/* What waits is answered; what is in work is in the store. */
static void
on_stop(void *ctx)
{
	struct main *main = ctx;

	main->stopping = true;
	core_stop(main->core);
	main->stop_timer = main->env.timer_start(main->env.ctx, STOP_WAIT_MS,
	    on_stop_timeout, main);
}

/* No key that a reload may change can be refused here. */
static void
reload_commit(void *ctx)
{
	struct main *main = ctx;

	core_set_config(main->core, &main->proc.config);
}

static const struct proc_reload reload = { .commit = reload_commit };

/* SQLite reopens its files by path, so they are made inside the sandbox, by
 * the user that core has become, relative to the folder that master opened:
 * that user may not be able to pass the folders above it. */
static int
enter_sandbox(struct main *main, struct err *err)
{
	struct core_sandbox sandbox;

	if (fchdir(proc_resource(&main->proc, RESOURCE_STORE, 0)) != 0)
		return err_errno(err, "cannot enter the folder of the store");
	store_sqlite_prepare();
	core_sandbox_init(&sandbox, ".");
	return proc_sandbox(&main->proc, &sandbox.sandbox, err);
}

static int
open_store(struct main *main, struct err *err)
{
	int r;

	main->env = main->proc.env;
	r = store_sqlite_open(LAYOUT_STORE_NAME, &main->env.store, err);
	if (r == 0)
		r = core_new(&main->env, &main->proc.config, &core_ops, main,
		    &main->core, err);
	if (r == 0)
		core_set_gather(main->core, GATHER_MS);
	return r;
}

static void
run(struct main *main)
{
	if (core_busy(main->core) > 0)
		log_event(LOG_NOTICE, "resume", "unfinished=%zu",
		    core_busy(main->core));
	loop_hook_add(main->proc.loop, on_turn_end, main);
	proc_on_reload(&main->proc, &reload, main);
	proc_on_stop(&main->proc, on_stop, main);
	peers_init(&main->peers, &main->proc, &peers_ops, main);
	proc_links(&main->proc, peers_on_link, &main->peers);
	proc_ready(&main->proc);
	/* A line for each certificate; links are written at a turn's end. */
	log_gather(true);
	proc_run(&main->proc);
	log_gather(false);
}

static void
close_all(struct main *main)
{
	peers_done(&main->peers);
	if (main->stop_timer != NULL)
		main->env.timer_cancel(main->env.ctx, main->stop_timer);
	if (main->core != NULL)
		core_free(main->core);
	store_free(main->env.store);
}

int
core_main(void)
{
	static struct main main;
	struct err err = ERR_INIT;
	int r;

	r = proc_begin(&main.proc, ROLE_CORE, &err);
	if (r == 0)
		r = enter_sandbox(&main, &err);
	if (r == 0)
		r = open_store(&main, &err);
	if (r == 0)
		run(&main);
	else
		log_err(LOG_ERROR, "start-failed", &err);
	close_all(&main);
	proc_end(&main.proc);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
