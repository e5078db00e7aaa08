/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/https.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/http_tls.h"

static int
read_tls(const struct proc *proc, SSL_CTX **ret, struct err *err)
{
	struct bld chain, key;
	int r;

	bld_init(&chain, HTTP_TLS_PEM_MAX);
	bld_init_secret(&key, HTTP_TLS_PEM_MAX);
	r = proc_read(proc, RESOURCE_TLS_CERTIFICATE, 0, &chain, err);
	if (r == 0)
		r = proc_read(proc, RESOURCE_TLS_KEY, 0, &key, err);
	if (r == 0)
		r = http_tls_new(bld_view(&chain), bld_view(&key), ret, err);
	bld_free(&chain);
	bld_free(&key);
	return r;
}

int
https_open(struct https *https, struct proc *proc,
    const struct http_server_limits *limits, const struct http_server_ops *ops,
    void *ctx, struct err *err)
{
	SSL_CTX *tls = NULL;
	int fd, r;

	*https = (struct https){ .proc = proc };
	r = read_tls(proc, &tls, err);
	if (r < 0)
		return r;
	https->server = http_server_new(proc->loop, tls, limits, ops, ctx);
	SSL_CTX_free(tls);
	for (unsigned n = 0; r == 0; n++) {
		fd = proc_take(proc, RESOURCE_LISTEN, n);
		if (fd < 0)
			return 0;
		r = http_server_listen(https->server, fd, err);
	}
	return r;
}

void
https_close(struct https *https)
{
	http_server_free(https->server);
	https_abandon(https);
	*https = (struct https){ 0 };
}

int
https_prepare(struct https *https, struct err *err)
{
	return read_tls(https->proc, &https->next_tls, err);
}

void
https_commit(struct https *https)
{
	http_server_set_tls(https->server, https->next_tls);
	https_abandon(https);
}

void
https_abandon(struct https *https)
{
	SSL_CTX_free(https->next_tls);
	https->next_tls = NULL;
}

static void
on_drained(void *ctx)
{
	struct https *https = ctx;

	loop_stop(https->proc->loop);
}

void
https_stop(struct https *https)
{
	http_server_stop(https->server, on_drained, https);
}

void
https_exhausted(void *ctx, int error)
{
	(void)ctx;
	log_event(LOG_ERROR, "cannot-accept",
	    "error=\"%s\" remedy=\"raise the limit of open files\"",
	    strerror(error));
}
