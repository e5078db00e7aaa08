/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core_main.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/link.h"
#include "base/log.h"
#include "conf/layout.h"
#include "core/core.h"
#include "core/core_sandbox.h"
#include "core/list.h"
#include "proc/proc.h"
#include "store/store_sqlite.h"

/* An orderly stop waits so long for the web processes to be done. */
#define STOP_WAIT_MS 5000

/* Requests of a busy core share commits over so long a time. */
#define GATHER_MS 2

struct main {
	struct proc proc;
	struct env env;       /* proc's, with the store */
	struct core *core;
	struct list peers;
	unsigned last_peer;
	struct env_timer *stop_timer;
	bool stopping;
};

struct peer {
	struct list_node node; /* main->peers */
	struct main *main;
	struct link *link;
	enum role role;
	unsigned index;        /* among processes of the role */
	unsigned number;       /* never used twice */
};

static struct peer *
peer_at(struct list_node *node)
{
	return LIST_OBJECT(node, struct peer, node);
}

static struct peer *
find_peer(struct main *main, enum role role, unsigned index)
{
	for (struct list_node *n = main->peers.first; n != NULL; n = n->next) {
		if (peer_at(n)->role == role && peer_at(n)->index == index)
			return peer_at(n);
	}
	return NULL;
}

static void
on_answer(void *ctx, unsigned number, uint64_t id, uint16_t type,
    struct span payload)
{
	struct main *main = ctx;

	for (struct list_node *n = main->peers.first; n != NULL; n = n->next) {
		if (peer_at(n)->number != number)
			continue;
		link_send(peer_at(n)->link, type, id, payload);
		return;
	}
}

static void
on_ask_validator(void *ctx, unsigned validator, uint64_t id, uint16_t type,
    struct span payload)
{
	struct peer *peer = find_peer(ctx, ROLE_VALIDATOR, validator);

	if (peer != NULL)
		link_send(peer->link, type, id, payload);
}

static void
on_ask_signer(void *ctx, uint64_t id, uint16_t type, struct span payload)
{
	struct peer *peer = find_peer(ctx, ROLE_SIGNER, 0);

	if (peer != NULL)
		link_send(peer->link, type, id, payload);
}

static const struct core_ops core_ops = {
	.answer = on_answer,
	.ask_validator = on_ask_validator,
	.ask_signer = on_ask_signer,
};

static int
on_frame(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct peer *peer = ctx;
	struct core *core = peer->main->core;

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

/* The peer's link is gone; its struct, too, when this returns. */
static void
peer_gone(struct peer *peer)
{
	struct main *main = peer->main;

	list_del(&main->peers, &peer->node);
	if (peer->role == ROLE_VALIDATOR)
		core_validator_down(main->core, peer->index);
	else if (peer->role == ROLE_SIGNER)
		core_signer_down(main->core);
	else
		core_peer_gone(main->core, peer->number);
	free(peer);
}

static void
on_closed(void *ctx, const struct err *err)
{
	struct peer *peer = ctx;

	if (err->kind != ERR_NONE)
		log_err(LOG_WARNING, "link-failed", err);
	log_event(LOG_DEBUG, "peer-gone", "role=%s index=%u",
	    role_name(peer->role), peer->index);
	peer_gone(peer);
}

static const struct link_ops link_ops = {
	.frame = on_frame,
	.closed = on_closed,
};

static void
on_link(void *ctx, enum role role, unsigned index, int fd)
{
	struct main *main = ctx;
	struct peer *peer = find_peer(main, role, index);

	if (peer != NULL) {
		link_free(peer->link);
		peer_gone(peer);
	}
	if (role == ROLE_VALIDATOR && index >= CORE_VALIDATORS_MAX) {
		log_event(LOG_ERROR, "validator-unused", "index=%u", index);
		close(fd);
		return;
	}
	peer = mem_zalloc(sizeof(*peer));
	peer->main = main;
	peer->role = role;
	peer->index = index;
	peer->number = ++main->last_peer;
	list_add(&main->peers, &peer->node);
	peer->link = link_new(main->proc.loop, fd, &link_ops, peer);
	if (role == ROLE_VALIDATOR)
		core_validator_up(main->core, index);
	else if (role == ROLE_SIGNER)
		core_signer_up(main->core);
}

static bool
has_web(const struct main *main)
{
	for (struct list_node *n = main->peers.first; n != NULL; n = n->next) {
		if (peer_at(n)->role == ROLE_WEB)
			return true;
	}
	return false;
}

static void
on_turn_end(void *arg)
{
	struct main *main = arg;

	core_turn_end(main->core);
	if (main->stopping && !has_web(main))
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

static int
reload_prepare(void *ctx, const struct config *config, struct err *err)
{
	(void)ctx;
	(void)config;
	(void)err;
	return 0; /* no key that a reload may change can be refused here */
}

static void
reload_commit(void *ctx)
{
	struct main *main = ctx;

	core_set_config(main->core, &main->proc.config);
}

static void
reload_abandon(void *ctx)
{
	(void)ctx;
}

static const struct proc_reload reload = {
	.prepare = reload_prepare,
	.commit = reload_commit,
	.abandon = reload_abandon,
};

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
	proc_links(&main->proc, on_link, main);
	proc_ready(&main->proc);
	proc_run(&main->proc);
}

static void
close_all(struct main *main)
{
	struct list_node *node;

	while ((node = main->peers.first) != NULL) {
		link_free(peer_at(node)->link);
		list_del(&main->peers, node);
		free(peer_at(node));
	}
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
