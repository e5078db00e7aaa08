/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_JUDGE_CERTKEY_H
#define SIGNET_AGENT_RPC_JUDGE_CERTKEY_H

/*
 * judge_certkey: judge asks for a certification request; certkey makes the
 * key, or keeps the one in use, and answers with the CSR. A new key is durable
 * in DIR/pending before the answer, and stays there until files has published
 * it (certkey_files.h): a crash in between loses nothing, since the next REQUEST
 * takes the key that is pending and files can still ask for it.
 *
 * For REUSE and REVOKE certkey asks files for the key that is live, so judge
 * must have told files of the site (JUDGE_FILES_SITE, answered) before.
 */

#include "agent/rpc/rpc_err.h"
#include "agent/rpc/site.h"
#include "pkix/ident.h"

#define CERTKEY_HASH_SIZE 32     /* bytes: SHA-256 of SubjectPublicKeyInfo */
#define CERTKEY_NONCE_MAX 128    /* bytes */
#define CERTKEY_URL_MAX 2048     /* bytes */
#define CERTKEY_CERTIFICATE_MAX 65536 /* bytes of DER */

enum judge_certkey_type {
	JUDGE_CERTKEY_REQUEST = 1, /* -> CSR or REFUSED */
	JUDGE_CERTKEY_REVOKE,      /* -> JWS or REFUSED */
	JUDGE_CERTKEY_CSR = 100,
	JUDGE_CERTKEY_JWS,
	JUDGE_CERTKEY_REFUSED,
};

enum certkey_policy {
	CERTKEY_NEW = 1,   /* a new key, or the one that is pending */
	CERTKEY_REUSE,     /* the live one if there is one of the type */
	CERTKEY_FRESH,     /* a new key even if one is pending: that one was
	                      refused by the CA or is not to be trusted */
};

struct judge_certkey_request {
	enum judge_certkey_type type;
	struct span site;
	enum site_key_type key_type;
	/* REQUEST */
	enum certkey_policy policy;
	bool must_staple;            /* RFC 7633 */
	struct span common_name;     /* empty: none; else one of the names */
	struct ident_list names;
	/* REVOKE, RFC 8555 7.6 */
	uint8_t spki_hash[CERTKEY_HASH_SIZE]; /* which key */
	struct span url;
	struct span nonce;
	struct span certificate;     /* DER; must be of the key */
	int32_t reason;              /* RFC 5280 5.3.1; -1: none is given */
};

struct judge_certkey_answer {
	enum judge_certkey_type type;
	struct span csr;             /* CSR: DER */
	uint8_t spki_hash[CERTKEY_HASH_SIZE]; /* CSR */
	bool reused;                 /* CSR: the live key */
	struct span jws;             /* JWS: the request's body */
	struct err err;              /* REFUSED */
};

void judge_certkey_request_encode(struct bld *out,
    const struct judge_certkey_request *request);
int judge_certkey_request_decode(uint16_t type, struct span payload,
    struct judge_certkey_request *ret, struct err *err);
void judge_certkey_answer_encode(struct bld *out,
    const struct judge_certkey_answer *answer);
int judge_certkey_answer_decode(uint16_t type, struct span payload,
    struct judge_certkey_answer *ret, struct err *err);

#endif
