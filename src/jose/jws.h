/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_JOSE_JWS_H
#define SIGNET_JOSE_JWS_H

/*
 * jws: ACME's use of JSON Web Signature: flattened JSON serialization, one
 * signature, everything protected (RFC 8555 section 6.2, RFC 7515).
 *
 * Order of life in web: jws_parse (splits the body and decodes the header),
 * the caller checks nonce and url and finds the key, jws_verify, and only
 * then is jws_payload looked at. The signer, which gets the three parts one
 * by one, uses jws_verify_parts before it parses any of them with
 * jws_header_parse.
 *
 * Refused, each with its rule: alg none, MACs and unknown algorithms; both or
 * neither of jwk and kid; "header" or "signatures" members (unprotected or
 * several); any crit; b64; duplicate members; padding; bodies over
 * JWS_BODY_MAX.
 */

#include "jose/jwk.h"
#include "base/mem.h"

#define JWS_BODY_MAX 131072   /* bytes of the JSON serialization */
#define JWS_HEADER_MAX 8192   /* bytes of the decoded protected header */
#define JWS_NONCE_MAX 128     /* bytes of a nonce */
#define JWS_URL_MAX 2048      /* bytes of "url" and "kid" */

struct jws_header {
	enum jwk_alg alg;
	struct span nonce; /* empty if absent; base64url alphabet only */
	struct span url;   /* empty if absent */
	struct span kid;   /* empty if jwk is there */
	json_t *jwk;       /* NULL if kid is there; borrowed from json */
	json_t *json;      /* all members, or NULL for a header of plain text
	                      members (base/json_flat.h) */
};

struct jws {
	struct jws_header header;
	struct span protected_b64; /* as sent; in the arena */
	struct span payload_b64;   /* as sent; in the arena */
	struct span payload;       /* decoded; in the arena. Untrusted until
	                              jws_verify says 0 */
	struct span signature;     /* decoded; in the arena */
};

/* Parses body, allocating in arena. -ERR_MALFORMED,
 * -ERR_BAD_SIGNATURE_ALGORITHM, -ERR_TOO_LARGE. On success jws_done frees. */
int jws_parse(struct span body, struct arena *arena, struct jws *ret,
    struct err *err);
void jws_done(struct jws *jws);

/* What jws_verify needs stays: of the header, whose members may take many
 * times the memory of its text, the algorithm. For who keeps a JWS. */
void jws_shrink(struct jws *jws);

/* Parses a decoded protected header alone: header must outlive *ret, which
 * may borrow from it. jws_header_done frees. */
int jws_header_parse(struct span header, struct jws_header *ret,
    struct err *err);
void jws_header_done(struct jws_header *header);

/* 0 when the signature over protected_b64 "." payload_b64 is by key and the
 * header's alg is the key's. If not, -ERR_MALFORMED, or -ERR_BAD_PUBLIC_KEY
 * for a jwk of another type than alg (RFC 8555 6.2). */
int jws_verify(const struct jws *jws, const struct jwk *key, struct err *err);

/* The same over raw parts, with the key's own algorithm. */
int jws_verify_parts(struct span protected_b64, struct span payload_b64,
    struct span signature, const struct jwk *key, struct err *err);

/* Makes the flattened serialization, signing with key, which must have its
 * private half: for the agent, the load generator, the simulator and tests.
 * header is the protected header's JSON text. */
int jws_sign(struct bld *out, struct span header, struct span payload,
    const struct jwk *key, struct err *err);

#endif
