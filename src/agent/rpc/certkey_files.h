/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_CERTKEY_FILES_H
#define SIGNET_AGENT_RPC_CERTKEY_FILES_H

/*
 * certkey_files: the one way of a private key between processes. files asks
 * for the key that a new certificate is of, to publish it, and says when it is
 * published; certkey asks for a key that is live already, to use it again or to
 * revoke its certificate.
 */

#include "agent/rpc/rpc_err.h"
#include "agent/rpc/site.h"

#define CERTKEY_FILES_HASH_SIZE 32 /* bytes: SHA-256 of the SPKI */
#define CERTKEY_FILES_PEM_MAX 16384 /* bytes */

enum certkey_files_type {
	CERTKEY_FILES_PENDING = 1, /* files asks: a key that is not published */
	CERTKEY_FILES_LIVE,        /* certkey asks */
	CERTKEY_FILES_PUBLISHED,   /* files says: it is live for good; -> DONE:
	                              it is pending no more */
	CERTKEY_FILES_KEY = 100,   /* the answer to the first two */
	CERTKEY_FILES_REFUSED,     /* -ERR_NOT_FOUND: there is none */
	CERTKEY_FILES_DONE,
};

struct certkey_files_request {
	enum certkey_files_type type;
	struct span site;
	enum site_key_type key_type;
	bool any;                  /* LIVE: whatever key is live; else, and for
	                              the others always, the one with
	                              spki_hash */
	uint8_t spki_hash[CERTKEY_FILES_HASH_SIZE];
};

struct certkey_files_answer {
	enum certkey_files_type type;
	struct span pem;           /* KEY: PKCS#8; the receiver wipes its copy */
	struct err err;            /* REFUSED */
};

void certkey_files_request_encode(struct bld *out,
    const struct certkey_files_request *request);
int certkey_files_request_decode(uint16_t type, struct span payload,
    struct certkey_files_request *ret, struct err *err);
void certkey_files_answer_encode(struct bld *out,
    const struct certkey_files_answer *answer);
int certkey_files_answer_decode(uint16_t type, struct span payload,
    struct certkey_files_answer *ret, struct err *err);

#endif
