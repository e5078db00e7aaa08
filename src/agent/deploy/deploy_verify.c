/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify: a TLS connection must show the new certificate. It is made by a
 * process of its own, forked for that alone, in a sandbox: judge reads no network
 * byte.
 */
#include <netdb.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/deploy/deploy.h"
#include "agent/proc/agent_proc.h"
#include "agent/server/apart.h"
#include "agent/server/probe.h"

_Static_assert(APART_UID == AGENT_UID_BASE + AGENT_PROBE, "one user");

struct look {
	struct service service;
	char name[256];        /* what is asked for */
	struct probe_leaf leaf;
	int wait_ms;
};

#define ADDRESSES_MAX 16

/* In the forked process: names are looked up by whatever the host has. */
static int
look_at(void *arg, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const struct look *look = arg;
	struct addrinfo *list = NULL;
	struct probe_at at[ADDRESSES_MAX];
	char address[sizeof(at[0].host) - 2];
	size_t count = 0;
	char port[8];
	int r;

	snprintf(port, sizeof(port), "%u", look->service.port);
	r = getaddrinfo(look->service.host, port, &hints, &list);

	if (r != 0)
		return err_set(err, ERR_IO, NULL, "%s: %s", look->service.host,
		    gai_strerror(r));
	/* Each address is a server of its own. */
	for (struct addrinfo *a = list; a != NULL && count < ADDRESSES_MAX;
	    a = a->ai_next) {
		getnameinfo(a->ai_addr, a->ai_addrlen, address,
		    sizeof(address), NULL, 0, NI_NUMERICHOST);
		at[count] = (struct probe_at){ .port = look->service.port,
		    .here = true,
		    .protocol = look->service.protocol,
		    .settle_ms = look->wait_ms };
		snprintf(at[count].host, sizeof(at[count].host),
		    a->ai_family == AF_INET6 ? "[%s]" : "%s", address);
		count++;
	}
	freeaddrinfo(list);
	OPENSSL_init_ssl(0, NULL); /* reads its configuration */
	/* From here on it reads what strangers send. */
	r = apart_enter(err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = probe_tls_wait(&at[i], look->name, &look->leaf, err);
	if (r == 0)
		err->kind = ERR_NONE; /* of a look before the last */
	return r;
}

struct command *
deploy_verify(struct loop *loop, const char *argument,
    const struct deploy_cert *cert, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err)
{
	struct look look = { .leaf = {
	    .rsa = strncmp(cert->key_name, "rsa", 3) == 0 } };
	const char *name = cert->site->names.count == 0 ? cert->site->name :
	    cert->site->names.items[0];

	if (service_parse(argument, &look.service, err) < 0)
		return NULL;
	if (cert->site->verify_wait != NULL)
		look.wait_ms = 1000 * (int)strtol(cert->site->verify_wait,
		    NULL, 10);
	memcpy(look.leaf.hash, cert->leaf_hash, sizeof(look.leaf.hash));
	snprintf(look.name, sizeof(look.name), "%s%s",
	    strncmp(name, "*.", 2) == 0 ? "signet" : "",
	    strncmp(name, "*.", 2) == 0 ? name + 1 : name);
	return command_call(loop, look_at, &look, done, ctx, err);
}
