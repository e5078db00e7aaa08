/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CLIENT_ANSWER_H
#define SIGNET_CLIENT_ANSWER_H

/*
 * client_answer: the JSON that a CA answers with, RFC 8555 7.1, RFC 9773 4.2
 * and RFC 7807, as structs. Members that are unknown, optional ones that are
 * null or of another type, and unknown challenge types are passed over; what
 * is needed and missing is -ERR_MALFORMED with a sentence. All that is given
 * lives in arena.
 */

#include "client/client_types.h"

enum client_url {
	CLIENT_URL_NEW_NONCE,
	CLIENT_URL_NEW_ACCOUNT,
	CLIENT_URL_NEW_ORDER,
	CLIENT_URL_REVOKE_CERT,
	CLIENT_URL_KEY_CHANGE,
	CLIENT_URL_RENEWAL_INFO,
	CLIENT_URL_COUNT
};

struct client_answer_directory {
	struct span urls[CLIENT_URL_COUNT]; /* empty: not offered */
	struct client_directory info;
};

struct client_answer_order {
	enum order_status status;
	struct ident_list idents; /* sorted; empty if they cannot be read */
	size_t num_authzs;
	struct span authzs[IDENT_LIST_MAX];
	struct span finalize;
	struct span certificate;  /* empty until valid */
	struct span profile;      /* clean; empty if it is not said */
	bool has_problem;
	struct client_problem problem;
};

struct client_answer_challenge {
	enum client_method method; /* 0: unknown */
	enum challenge_status status;
	struct span url;
	struct span token;
	size_t num_issuers;
	struct span issuers[CLIENT_ISSUERS_MAX];
	bool has_problem;
	struct client_problem problem;
};

#define CLIENT_ANSWER_CHALLENGES_MAX 16 /* of one authorization,
                                           known or not */

struct client_answer_authz {
	enum authz_status status;
	struct ident ident;
	bool wildcard;
	int64_t expires_at;
	size_t num_challenges; /* of known methods, one of each */
	struct client_answer_challenge challenges[CLIENT_METHOD_COUNT - 1];
};

struct client_answer_account {
	enum account_status status;
	struct span orders; /* URL; empty if it has none */
	size_t num_contacts;
	struct span contacts[ACME_CONTACTS_MAX];
};

/* http_too: URLs of http are taken, client_url_check. */
struct client_answer_from {
	struct span body;
	bool http_too;
	struct arena *arena;
};

int client_answer_directory(const struct client_answer_from *from,
    struct client_answer_directory *ret, struct err *err);
int client_answer_account(const struct client_answer_from *from,
    struct client_answer_account *ret, struct err *err);
int client_answer_order(const struct client_answer_from *from,
    struct client_answer_order *ret, struct err *err);
int client_answer_authz(const struct client_answer_from *from,
    struct client_answer_authz *ret, struct err *err);
int client_answer_challenge(const struct client_answer_from *from,
    struct client_answer_challenge *ret, struct err *err);
int client_answer_renewal(const struct client_answer_from *from,
    struct client_renewal *ret, struct err *err);
/* RFC 8555 7.1.2.1: appends to urls, of which there are *count, up to
 * CLIENT_ORDERS_MAX. */
int client_answer_orders(const struct client_answer_from *from,
    struct span *urls, size_t *count, struct err *err);

/* From the body of an answer with an error's status; what is no problem
 * document becomes one that says so. cause is REFUSED. */
void client_answer_problem(struct arena *arena,
    const struct client_response *response, struct client_problem *ret);

#endif
