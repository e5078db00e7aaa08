/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web's wires: requests go from the HTTPS server to the logic, its questions
 * to core, and answers the same way back. Only the nonce map is shared with
 * other web processes. A reload brings a new certificate.
 */
#include "web/web_main.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "jose/jws.h"
#include "proc/blocked.h"
#include "proc/https.h"
#include "proc/peers.h"
#include "web/nonce.h"
#include "web/web.h"
#include "web/web_sandbox.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

#define REQUEST_USUAL 3072 /* bytes of a finalize with an RSA key */

_Static_assert(CONFIG_CONNECTIONS_MAX * REQUEST_USUAL < LINK_BACKLOG_MAX,
    "a core that comes back can be asked all that waits");

struct main {
	struct proc proc;
	struct nonces *nonces;
	struct https https;
	struct web *web;
	struct peers peers; /* the link table has core only */
	struct blocked_keys *blocked; /* or NULL */
	struct blocked_keys *next_blocked; /* of a reload being prepared */
	bool stopping;
};

/*
 * Between web, the HTTP server and core.
 */

static void
send_to_core(void *ctx, uint16_t type, uint64_t id, struct span payload)
{
	struct main *main = ctx;

	peers_send(&main->peers, ROLE_CORE, 0, type, id, payload);
}

static void
respond(void *ctx, uint64_t exchange, const struct http_response *response)
{
	struct main *main = ctx;

	http_server_respond(main->https.server, exchange, response);
}

static const struct web_ops web_ops = {
	.send = send_to_core,
	.respond = respond,
};

static void
on_request(void *ctx, const struct http_request *request, uint64_t exchange)
{
	struct main *main = ctx;

	web_request(main->web, request, exchange);
}

static void
on_refused(void *ctx, int status, const char *why, uint64_t exchange)
{
	struct main *main = ctx;

	web_refused(main->web, status, why, exchange);
}

static void
on_gone(void *ctx, uint64_t exchange)
{
	struct main *main = ctx;

	web_gone(main->web, exchange);
}

static const struct http_server_ops server_ops = {
	.request = on_request,
	.refused = on_refused,
	.gone = on_gone,
	.exhausted = https_exhausted,
};

static int
on_frame(void *ctx, const struct peer *core, uint16_t type, uint64_t id,
    struct span payload, struct err *err)
{
	struct main *main = ctx;

	(void)core;
	return web_core_answered(main->web, type, id, payload, err);
}

static void
on_up(void *ctx, const struct peer *core)
{
	struct main *main = ctx;

	(void)core;
	web_core_up(main->web);
}

static void
on_down(void *ctx, const struct peer *core)
{
	struct main *main = ctx;

	(void)core;
	web_core_down(main->web);
	/* Nobody will answer what is left. */
	if (main->stopping)
		loop_stop(main->proc.loop);
}

static const struct peers_ops peers_ops = {
	.frame = on_frame,
	.up = on_up,
	.down = on_down,
};

/*
 * Stop and reload.
 */

static void
on_stop(void *ctx)
{
	struct main *main = ctx;

	main->stopping = true;
	https_stop(&main->https);
}

/* Each connection may wait for the answer to a request of usual size; that all
 * of them are asked of core again at once, its link must bear. */
static void
set_limits(const struct config *config, struct http_server_limits *limits)
{
	size_t usual;

	http_server_limits_init(limits);
	limits->body_max = JWS_BODY_MAX;
	limits->connections_max = (size_t)config->connections_max;
	usual = limits->connections_max * REQUEST_USUAL;
	if (limits->buffers_max < usual)
		limits->buffers_max = usual;
}

static void
reload_abandon(void *ctx)
{
	struct main *main = ctx;

	https_abandon(&main->https);
	blocked_keys_free(main->next_blocked);
	main->next_blocked = NULL;
}

static int
reload_prepare(void *ctx, const struct config *config, struct err *err)
{
	struct main *main = ctx;
	int r = https_prepare(&main->https, err);

	if (r == 0)
		r = blocked_read(&main->proc, config, &main->next_blocked,
		    err);
	/* Who does not prepare is not told to abandon. */
	if (r < 0)
		reload_abandon(main);
	return r;
}

static void
use_blocked(struct main *main, struct blocked_keys *blocked)
{
	web_set_blocked(main->web, blocked);
	blocked_keys_free(main->blocked);
	main->blocked = blocked;
}

static void
reload_commit(void *ctx)
{
	struct main *main = ctx;
	struct http_server_limits limits;

	https_commit(&main->https);
	set_limits(&main->proc.config, &limits);
	http_server_set_limits(main->https.server, &limits);
	web_configure(main->web, &main->proc.config);
	use_blocked(main, main->next_blocked);
	main->next_blocked = NULL;
}

static const struct proc_reload reload = {
	.prepare = reload_prepare,
	.commit = reload_commit,
	.abandon = reload_abandon,
};

/*
 * Life.
 */

static int
open_nonces(struct main *main, struct err *err)
{
	char boot_id[NONCE_BOOT_ID_SIZE];
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_errno(err, BOOT_ID);
	n = read(fd, boot_id, sizeof(boot_id));
	close(fd);
	if (n != sizeof(boot_id))
		return err_set(err, ERR_IO, NULL, BOOT_ID " is too short");
	return nonce_open(proc_resource(&main->proc, RESOURCE_NONCE_MAP, 0),
	    boot_id, &main->proc.env, &main->nonces, err);
}

static int
open_server(struct main *main, struct err *err)
{
	struct http_server_limits limits;

	set_limits(&main->proc.config, &limits);
	return https_open(&main->https, &main->proc, &limits, &server_ops,
	    main, err);
}

static int
open_all(struct main *main, struct err *err)
{
	struct blocked_keys *blocked = NULL;
	int r = open_nonces(main, err);

	if (r == 0)
		r = blocked_read(&main->proc, &main->proc.config, &blocked,
		    err);
	if (r < 0)
		return r;
	main->web = web_new(&main->proc.env, &web_ops, main, main->nonces,
	    &main->proc.config);
	use_blocked(main, blocked);
	return open_server(main, err);
}

static void
close_all(struct main *main)
{
	peers_done(&main->peers);
	https_close(&main->https);
	web_free(main->web);
	nonce_close(main->nonces);
	blocked_keys_free(main->blocked);
	blocked_keys_free(main->next_blocked);
}

int
web_main(void)
{
	static struct main main;
	struct err err = ERR_INIT;
	int r;

	r = proc_begin(&main.proc, ROLE_WEB, &err);
	if (r == 0)
		r = open_all(&main, &err);
	if (r == 0)
		r = proc_sandbox(&main.proc, &web_sandbox, &err);
	if (r == 0) {
		proc_on_reload(&main.proc, &reload, &main);
		proc_on_stop(&main.proc, on_stop, &main);
		web_core_down(main.web);
		peers_init(&main.peers, &main.proc, &peers_ops, &main);
		proc_links(&main.proc, peers_on_link, &main.peers);
		proc_ready(&main.proc);
		proc_run(&main.proc);
	} else {
		log_err(LOG_ERROR, "start-failed", &err);
	}
	close_all(&main);
	proc_end(&main.proc);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
