/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_ACME_OBJECTS_H
#define SIGNET_ACME_OBJECTS_H

/*
 * objects: the resources of RFC 8555 section 7.1 as core keeps them and web
 * shows them: account, order, authorization ("authz"), challenge. Their states
 * are the client's, too. No I/O, no URLs: ids are numbers, and who shows an
 * object makes its URLs. Encode and decode are the form between processes;
 * decoded spans borrow from the message, arrays are in the arena.
 *
 * Times are Unix milliseconds; 0 means absent.
 */

#include "acme/problem.h"
#include "base/cur.h"
#include "base/mem.h"
#include "jose/jwk.h"
#include "pkix/ident.h"

#define ACME_CONTACTS_MAX 10       /* contact URLs of an account */
#define ACME_CONTACT_MAX 320       /* bytes of one contact URL */
#define ACME_TOKEN_SIZE 43         /* base64url of 32 random bytes, 256 bits:
                                      RFC 8555 8.1 asks for 128 at least */
#define ACME_PROFILE_MAX 32        /* bytes of a profile name */

/* Ids that core makes are (milliseconds since ACME_ID_EPOCH_MS) <<
 * ACME_ID_RANDOM_BITS | random: they grow with time and do not tell how many
 * there are. Room until 2303. The signer reads an order's age from its id. */
#define ACME_ID_EPOCH_MS INT64_C(1735689600000) /* 2025-01-01T00:00:00Z */
#define ACME_ID_RANDOM_BITS 20

enum account_status {
	ACCOUNT_VALID = 1, ACCOUNT_DEACTIVATED, ACCOUNT_REVOKED
};
enum order_status {
	ORDER_PENDING = 1, ORDER_READY, ORDER_PROCESSING, ORDER_VALID,
	ORDER_INVALID
};
enum authz_status {
	AUTHZ_PENDING = 1, AUTHZ_VALID, AUTHZ_INVALID, AUTHZ_DEACTIVATED,
	AUTHZ_EXPIRED, AUTHZ_REVOKED
};
enum challenge_status {
	CHALLENGE_PENDING = 1, CHALLENGE_PROCESSING, CHALLENGE_VALID,
	CHALLENGE_INVALID
};
/* Also the validation method of an attestation (RFC 8657 names). */
enum challenge_type {
	CHALLENGE_HTTP_01 = 1,
	/* dns-01, tls-alpn-01, dns-account-01, ... take the next numbers; the
	 * numbers are in stores and attestations and never change meaning. */
	CHALLENGE_TYPE_COUNT
};

/* RFC texts ("pending", "http-01"); never NULL. */
const char *account_status_name(enum account_status status);
const char *order_status_name(enum order_status status);
const char *authz_status_name(enum authz_status status);
const char *challenge_status_name(enum challenge_status status);
const char *challenge_type_name(enum challenge_type type);
/* 0 if unknown. */
enum challenge_type challenge_type_from_name(struct span name);

struct account {
	int64_t id;
	enum account_status status;
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
	struct span key_spki;
	bool terms_agreed;
	size_t num_contacts;
	struct span contacts[ACME_CONTACTS_MAX];
	int64_t created_at;
};

struct order {
	int64_t id;
	int64_t account_id;
	enum order_status status;
	int64_t expires_at;
	int64_t not_before;      /* as asked, 0 if not */
	int64_t not_after;
	struct span profile;     /* empty: the default */
	struct ident_list idents; /* sorted, unique */
	int64_t authz_ids[IDENT_LIST_MAX]; /* one for each identifier */
	int64_t certificate_id;  /* 0 until valid */
	struct problem problem;  /* why invalid */
};

/* One authorization has one token; the challenges are one for each type that
 * is offered, and at most one of them is ever attempted. */
struct authz {
	int64_t id;
	int64_t account_id;
	enum authz_status status;
	int64_t expires_at;
	struct ident ident;      /* without "*." */
	bool wildcard;
	uint8_t token[ACME_TOKEN_SIZE];
	uint32_t offered;        /* bit (1 << challenge_type) for each */
	enum challenge_type attempted; /* 0: none yet */
	enum challenge_status attempted_status;
	int64_t validated_at;
	struct problem problem;  /* of the attempted challenge */
};

void account_encode(struct bld *out, const struct account *account);
void account_decode(struct cur *cur, struct account *ret);
void account_contacts_encode(struct bld *out, const struct span *contacts,
    size_t count);
/* Returns the count. */
size_t account_contacts_decode(struct cur *cur,
    struct span ret[ACME_CONTACTS_MAX]);
void order_encode(struct bld *out, const struct order *order);
void order_decode(struct cur *cur, struct arena *arena, struct order *ret);
void authz_encode(struct bld *out, const struct authz *authz);
void authz_decode(struct cur *cur, struct arena *arena, struct authz *ret);

/* A decoded identifier is of a known type and 1 to IDENT_DNS_MAX + 2 bytes
 * long; whether it is canonical is for ident_check. A decoded list is sorted
 * and unique. */
void ident_encode(struct bld *out, const struct ident *ident);
void ident_decode(struct cur *cur, struct ident *ret);
void ident_list_encode(struct bld *out, const struct ident_list *list);
void ident_list_decode(struct cur *cur, struct ident_list *ret);

#endif
