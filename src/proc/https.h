/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PROC_HTTPS_H
#define SIGNET_PROC_HTTPS_H

/*
 * https: the HTTPS server of a process that has one, made of what master
 * opened: the certificate, its key and the listening sockets; with its part
 * of a reload, which brings a new certificate, and of a stop.
 */

#include "http/http_server.h"
#include "proc/proc.h"

struct https { /* zeroed is valid: none */
	struct proc *proc;
	struct http_server *server;
	SSL_CTX *next_tls; /* of a reload that is being prepared */
};

/* proc, ops and ctx stay the caller's. https_close frees, after success and
 * after failure. */
int https_open(struct https *https, struct proc *proc,
    const struct http_server_limits *limits, const struct http_server_ops *ops,
    void *ctx, struct err *err);
void https_close(struct https *https);

/* Inside the handlers of struct proc_reload. */
int https_prepare(struct https *https, struct err *err);
void https_commit(struct https *https);
void https_abandon(struct https *https);

/* Finishes what clients began, then stops the loop. */
void https_stop(struct https *https);

/* For http_server_ops: logs it. */
void https_exhausted(void *ctx, int error);

#endif
