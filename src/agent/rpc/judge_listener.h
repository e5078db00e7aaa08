/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_JUDGE_LISTENER_H
#define SIGNET_AGENT_RPC_JUDGE_LISTENER_H

/*
 * judge_listener: judge tells listener (http-01) or alpn (tls-alpn-01) what is
 * to be answered, and what no longer. Every question is answered once, with
 * its id: DONE, from when on it is so, or REFUSED.
 */

#include <sys/socket.h>

#include "agent/rpc/rpc_err.h"
#include "client/client_names.h"

#define LISTENER_CHALLENGES_MAX 1024 /* of one listener at a time */

enum judge_listener_type {
	JUDGE_LISTENER_SET_HTTP = 1, /* token, key_authorization */
	JUDGE_LISTENER_SET_TLS,      /* ident, digest */
	JUDGE_LISTENER_DROP_HTTP,    /* token; one that is not set is DONE */
	JUDGE_LISTENER_DROP_TLS,     /* ident; the same */
	JUDGE_LISTENER_DONE = 100,
	JUDGE_LISTENER_REFUSED,
};

struct judge_listener_request {
	enum judge_listener_type type;
	struct span token;
	struct span key_authorization;
	struct ident ident;
	uint8_t digest[CLIENT_TLS_ALPN_SIZE];
};

struct judge_listener_answer {
	enum judge_listener_type type;
	struct err err; /* REFUSED */
};

/* Who gets what comes to alpn's port and is no challenge of ours. alpn has it
 * from its start (struct agent_plan), so that its sandbox can be made for it. */
enum listener_proxy {
	LISTENER_PROXY_NONE, /* the server sees our address as its client's */
	LISTENER_PROXY_V1,   /* the PROXY protocol's header as text */
	LISTENER_PROXY_V2,   /* as bytes */
};

/* From where we come to a server that we stand before by steering. */
#define LISTENER_OWN_NET 0x7f530000U /* 127.83.0.0/16 */
#define LISTENER_OWN_MASK 0xffff0000U

struct listener_backend {
	struct sockaddr_storage address;
	socklen_t address_len;
	enum listener_proxy proxy;
	/* Connections are steered here from their server's own port: each goes
	 * to the address that it was for. No address then. */
	uint16_t steered_port;
};

/* Decoded spans borrow from payload. -ERR_FRAME. */
void judge_listener_request_encode(struct bld *out,
    const struct judge_listener_request *request);
int judge_listener_request_decode(uint16_t type, struct span payload,
    struct judge_listener_request *ret, struct err *err);
void judge_listener_answer_encode(struct bld *out,
    const struct judge_listener_answer *answer);
int judge_listener_answer_decode(uint16_t type, struct span payload,
    struct judge_listener_answer *ret, struct err *err);

#endif
