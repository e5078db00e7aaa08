/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_DEV_DEV_H
#define SIGNET_DEV_DEV_H

/*
 * dev: the logic of Pebble's management interface, as clients' tests expect
 * it (DESIGN.md lists the resources). It knows no socket: requests come from
 * an HTTP server, questions go to core, by whoever owns it.
 */

#include "base/err.h"
#include "http/http_message.h"

#define DEV_QUESTIONS_MAX 256 /* that wait for core */

/* PEM texts; they live as long as dev. */
struct dev_files {
	struct span root, root_key;
	struct span issuer, issuer_key;
};

struct dev_ops {
	void (*respond)(void *ctx, uint64_t exchange,
	    const struct http_response *response);
	/* A question to core (rpc/dev_core.h). */
	void (*ask)(void *ctx, uint64_t id, uint16_t type,
	    struct span payload);
};

struct dev;

/* files and ops stay the caller's. */
struct dev *dev_new(const struct dev_files *files, const struct dev_ops *ops,
    void *ctx);
void dev_free(struct dev *dev);

void dev_request(struct dev *dev, const struct http_request *request,
    uint64_t exchange);

/* The HTTP server refuses a request with this status. */
void dev_refused(struct dev *dev, int status, const char *why,
    uint64_t exchange);

/* Core's answer. A negative error: it is not of its form. */
int dev_answer(struct dev *dev, uint64_t id, uint16_t type,
    struct span payload, struct err *err);

/* There is a link to core, or it is gone. */
void dev_core_up(struct dev *dev);
void dev_core_down(struct dev *dev);

#endif
