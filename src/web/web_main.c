/* SPDX-License-Identifier: Apache-2.0 */
#include "web/web_main.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/link.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/http_server.h"
#include "http/http_tls.h"
#include "jose/jws.h"
#include "proc/proc.h"
#include "web/nonce.h"
#include "web/web.h"
#include "web/web_sandbox.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define PEM_MAX 65536 /* bytes of the API's certificate or key file */

struct main {
	struct proc proc;
	struct nonces *nonces;
	struct http_server *server;
	struct web *web;
	struct link *core;
	SSL_CTX *next_tls; /* of a reload that is being prepared */
	bool stopping;
};

/*
 * Between web, the HTTP server and core.
 */

static void
send_to_core(void *ctx, uint16_t type, uint64_t id, struct span payload)
{
	struct main *main = ctx;

	link_send(main->core, type, id, payload);
}

static void
respond(void *ctx, uint64_t exchange, const struct http_response *response)
{
	struct main *main = ctx;

	http_server_respond(main->server, exchange, response);
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
};

static int
on_frame(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct main *main = ctx;

	return web_core_answered(main->web, type, id, payload, err);
}

static void
core_gone(struct main *main)
{
	main->core = NULL;
	web_core_down(main->web);
	/* Nobody will answer what is left. */
	if (main->stopping)
		loop_stop(main->proc.loop);
}

static void
on_closed(void *ctx, const struct err *err)
{
	struct main *main = ctx;

	if (err->kind != ERR_NONE)
		log_err(LOG_WARNING, "core-link-failed", err);
	core_gone(main);
}

static const struct link_ops core_ops = {
	.frame = on_frame,
	.closed = on_closed,
};

static void
on_link(void *ctx, enum role peer, unsigned peer_index, int fd)
{
	struct main *main = ctx;

	(void)peer; /* the link table has core only */
	(void)peer_index;
	link_free(main->core);
	main->core = link_new(main->proc.loop, fd, &core_ops, main);
	web_core_up(main->web);
}

/*
 * Stop and reload.
 */

static void
on_drained(void *ctx)
{
	struct main *main = ctx;

	loop_stop(main->proc.loop);
}

static void
on_stop(void *ctx)
{
	struct main *main = ctx;

	main->stopping = true;
	http_server_stop(main->server, on_drained, main);
}

static int
open_tls(struct main *main, SSL_CTX **ret, struct err *err)
{
	struct bld chain, key;
	int r;

	bld_init(&chain, PEM_MAX);
	bld_init(&key, PEM_MAX);
	r = proc_read(&main->proc, RESOURCE_TLS_CERTIFICATE, 0, &chain, err);
	if (r == 0)
		r = proc_read(&main->proc, RESOURCE_TLS_KEY, 0, &key, err);
	if (r == 0)
		r = http_tls_new(bld_view(&chain), bld_view(&key), ret, err);
	mem_wipe(key.data, key.len);
	bld_free(&chain);
	bld_free(&key);
	return r;
}

static void
set_limits(const struct config *config, struct http_server_limits *limits)
{
	http_server_limits_init(limits);
	limits->body_max = JWS_BODY_MAX;
	limits->connections_max = (size_t)config->connections_max;
}

static int
reload_prepare(void *ctx, const struct config *config, struct err *err)
{
	struct main *main = ctx;

	(void)config;
	return open_tls(main, &main->next_tls, err);
}

static void
reload_abandon(void *ctx)
{
	struct main *main = ctx;

	SSL_CTX_free(main->next_tls);
	main->next_tls = NULL;
}

static void
reload_commit(void *ctx)
{
	struct main *main = ctx;
	struct http_server_limits limits;

	http_server_set_tls(main->server, main->next_tls);
	set_limits(&main->proc.config, &limits);
	http_server_set_limits(main->server, &limits);
	web_configure(main->web, &main->proc.config);
	reload_abandon(ctx);
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
	SSL_CTX *tls = NULL;
	int fd, r;

	r = open_tls(main, &tls, err);
	if (r < 0)
		return r;
	set_limits(&main->proc.config, &limits);
	main->server = http_server_new(main->proc.loop, tls, &limits,
	    &server_ops, main);
	SSL_CTX_free(tls);
	for (unsigned n = 0; r == 0; n++) {
		fd = proc_take(&main->proc, RESOURCE_LISTEN, n);
		if (fd < 0)
			return 0;
		r = http_server_listen(main->server, fd, err);
	}
	return r;
}

static int
open_all(struct main *main, struct err *err)
{
	int r = open_nonces(main, err);

	if (r < 0)
		return r;
	main->web = web_new(&main->proc.env, &web_ops, main, main->nonces,
	    &main->proc.config);
	return open_server(main, err);
}

static void
close_all(struct main *main)
{
	link_free(main->core);
	http_server_free(main->server);
	web_free(main->web);
	nonce_close(main->nonces);
	SSL_CTX_free(main->next_tls);
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
		proc_links(&main.proc, on_link, &main);
		proc_ready(&main.proc);
		proc_run(&main.proc);
	} else {
		log_err(LOG_ERROR, "start-failed", &err);
	}
	close_all(&main);
	proc_end(&main.proc);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
