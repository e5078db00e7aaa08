/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_JUDGE_ACCOUNT_H
#define SIGNET_AGENT_RPC_JUDGE_ACCOUNT_H

/*
 * judge_account: judge opens an account's key and says for which origins it
 * may sign; from then on net asks for signatures itself (net_account.h). No
 * question makes account give a key away.
 *
 * Every question is answered once, with its id: OPENED, DONE or REFUSED.
 *
 * Key rollover (RFC 8555 7.3.5), crash-safe at each step:
 *   1. ROLL -> OPENED with next: the new key is on disk as ID.next
 *   2. net asks account for the inner and outer JWS and sends them
 *   3. COMMIT (the CA took it) or ABANDON (the CA refused) -> OPENED
 * If the run ends in between, OPEN of the next run says next: either key may
 * be the CA's. judge asks for USE_NEXT, lets net look the account up by that
 * key, and sends COMMIT if the CA knows it, else ABANDON.
 */

#include "agent/rpc/rpc_err.h"
#include "base/mem.h"
#include "jose/jwk.h"
#include "pkix/ident.h"

#define ACCOUNT_ORIGINS_MAX 4
#define ACCOUNT_ORIGIN_MAX 272  /* bytes of "https://host:port" */
#define ACCOUNT_KID_MAX 256     /* bytes of an EAB key identifier */
#define ACCOUNT_HMAC_MAX 1024   /* bytes of an EAB key, decoded */
#define ACCOUNT_URL_MAX 2048    /* bytes of an account's URL */
#define ACCOUNT_HASH_SIZE 32
#define ACCOUNT_SENDS_MAX 64    /* of an account that may be sent at a time */
#define ACCOUNT_ORDERS_MAX 64   /* requests for the names of one of them: net
                                   tries a few orders, each a few times */

enum judge_account_type {
	JUDGE_ACCOUNT_OPEN = 1,
	JUDGE_ACCOUNT_EAB,      /* the key for net's external account binding */
	JUDGE_ACCOUNT_ROLL,
	JUDGE_ACCOUNT_USE_NEXT, /* net's signatures are by ID.next from now on */
	JUDGE_ACCOUNT_COMMIT,
	JUDGE_ACCOUNT_ABANDON,
	JUDGE_ACCOUNT_IMPORT,   /* a key from a file that judge had opened */
	JUDGE_ACCOUNT_REMOVE,   /* the key's file: after deactivation */
	JUDGE_ACCOUNT_SEND,     /* a CSR that net may have certified, and its
	                           names that it may order, ACCOUNT_ORDERS_MAX
	                           times; or a certificate that it may have
	                           revoked */
	JUDGE_ACCOUNT_CHANGE,   /* net may change or deactivate the account */
	JUDGE_ACCOUNT_OPENED = 100,
	JUDGE_ACCOUNT_DONE,
	JUDGE_ACCOUNT_REFUSED,
};

struct judge_account_request {
	enum judge_account_type type;
	int64_t id;                  /* of the account in judge's state, from 1
	                                on: always. DIR/accounts/ID.key */
	enum jwk_alg alg;            /* OPEN: of a key that is to be made if there
	                                is none, 0: there must be one. ROLL: of
	                                the new key. JWK_ES256, ES384, RS256 */
	size_t num_origins;          /* OPEN: what it may sign for */
	struct span origins[ACCOUNT_ORIGINS_MAX]; /* "https://ca.example" or
	                                with ":port", lower case, no path */
	struct span kid;             /* EAB: the key's; OPEN: the account's URL,
	                                empty where the CA has not said it yet */
	struct span hmac;            /* EAB: decoded; wiped when account closes */
	uint16_t hmac_bits;          /* EAB: 256, 384, 512 */
	uint8_t hash[ACCOUNT_HASH_SIZE]; /* SEND: SHA-256 of its DER */
	uint8_t names[ACCOUNT_HASH_SIZE]; /* SEND: judge_account_hash of what
	                                may be ordered */
	uint32_t import;             /* IMPORT: index among the plan's import
	                                files; PKCS#8, PKCS#1, SEC1 PEM or JWK */
};

/* Of names in any order, which is how account knows them again. */
void judge_account_hash(const struct ident_list *names,
    uint8_t hash[ACCOUNT_HASH_SIZE]);

/* The kinds of request that net makes are known: what else it wants signed is
 * refused. So is what would have another CSR certified, other names ordered, or
 * another certificate revoked, than judge told of in this run, the last
 * ACCOUNT_SENDS_MAX; and a change or the end of the account, unless judge said
 * so. Whoever breaks into net gets no certificate for a key of his own, and
 * takes none away. */
struct judge_account_answer {
	enum judge_account_type type;
	struct {                     /* OPENED: OPEN, ROLL, USE_NEXT, COMMIT,
	                                ABANDON */
		enum jwk_alg alg;
		bool created;
		bool next;           /* there is an ID.next, too */
		uint8_t thumbprint[JWK_THUMBPRINT_SIZE]; /* of the key in use */
		uint8_t next_thumbprint[JWK_THUMBPRINT_SIZE]; /* zero: none */
	} opened;
	struct err err;              /* REFUSED */
};

void judge_account_request_encode(struct bld *out,
    const struct judge_account_request *request);
int judge_account_request_decode(uint16_t type, struct span payload,
    struct judge_account_request *ret, struct err *err);
void judge_account_answer_encode(struct bld *out,
    const struct judge_account_answer *answer);
int judge_account_answer_decode(uint16_t type, struct span payload,
    struct judge_account_answer *ret, struct err *err);

#endif
