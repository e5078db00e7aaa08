/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_STATE_STATE_H
#define SIGNET_AGENT_STATE_STATE_H

/*
 * state: DIR/signet.db, what the agent remembers between runs (SQLite, WAL).
 *
 * What is due is one index: a run with nothing to do reads a page of it, no
 * matter how many certificates there are. Every change of a run is committed
 * before the next step is taken, so that after kill -9 the next run goes on.
 *
 * Rows are structs with spans that live in the arena of the call.
 */

#include "base/err.h"
#include "base/mem.h"

#define STATE_FILE "signet.db"
#define STATE_HASH_SIZE 32
#define STATE_NEVER INT64_MAX   /* of a time: not by itself */

struct state;

enum state_origin { STATE_FROM_COMMAND = 1, STATE_FROM_FILE };

/* Why a certificate is renewed when it is. */
enum state_reason {
	STATE_REASON_NEW = 0,   /* there is none yet */
	STATE_REASON_ARI,       /* a point in the window that the CA gave */
	STATE_REASON_LIFETIME,  /* a third, or a half, of its life is left */
	STATE_REASON_FORCED,    /* the administrator asked, or changed the site */
	STATE_REASON_REVOKED,   /* its CA's OCSP responder says that it is */
	STATE_REASON_COUNT
};

struct state_authority {
	enum state_origin origin;
	struct span name, options;
};

struct state_account {
	int64_t id;
	struct span directory, kid;
	struct span contacts;     /* with a space between */
	struct span terms_url;    /* that were agreed to */
	int64_t created_at;
};

struct state_site {
	int64_t id;
	enum state_origin origin;
	struct span name, options;
};

struct state_cert {
	int64_t id, site_id;
	int key_type;             /* enum site_key_type; 0: of a CSR */
	bool second;
	int64_t due_at;
	struct span directory;    /* of the CA that issued it */
	uint8_t leaf_hash[STATE_HASH_SIZE]; /* zero: nothing is live */
	uint8_t spki_hash[STATE_HASH_SIZE];
	struct span serial;       /* hex */
	struct span cert_id;      /* RFC 9773 4.1 */
	struct span issuer;       /* its common name */
	struct span path;
	int64_t not_before, not_after;
	int64_t renew_at;
	enum state_reason reason;
	int64_t ari_start, ari_end, ari_check_at;
	struct span ari_url;
	struct span order_url, order_at_ca;
	int64_t failures;
	int64_t retry_at;
	struct span error, remedy;
	int64_t error_at;
	int ocsp_status;          /* enum files_ocsp_status; 0: none */
	int64_t ocsp_this, ocsp_next; /* of the response; 0: none, not said */
	int64_t ocsp_at;          /* when the next is fetched; STATE_NEVER: none
	                             is wanted */
	int64_t ocsp_tries;       /* that failed in a row */
	struct span ocsp_error;   /* of the last */
};

struct state_failure {
	int64_t count, until_at;
};

struct state_deployment {
	struct span step;
	int64_t done_at;          /* 0: not yet */
	int64_t tries, next_at;
	struct span error;
};

/* A record of dns-persist-01, as it was last seen. */
struct state_record {
	struct span ident;        /* as in the order, perhaps with "*." */
	int64_t until_at;         /* persistUntil; 0: for ever */
	int64_t seen_at;
	int64_t warned_at;        /* of its end; 0: never */
};

/* -ERR_NOT_FOUND when there is none and create is false; -ERR_CONFIG when it
 * was written by a newer signet. dir must be there (agent/proc/agent_dirs.h). */
int state_open(const char *dir, bool create, struct state **ret,
    struct err *err);
void state_close(struct state *state);

/* Changes between the two are seen together or not at all. */
int state_begin(struct state *state, struct err *err);
int state_end(struct state *state, int r, struct err *err);

/* Empty if unknown. */
int state_meta_get(struct state *state, const char *key, struct arena *arena,
    struct span *ret, struct err *err);
int state_meta_set(struct state *state, const char *key, struct span value,
    struct err *err);

/* The clock was put back to now. What waits until after late, which nothing
 * does that was put off by a clock that was right, waits no longer. */
int state_clock_back(struct state *state, int64_t now, int64_t late,
    struct err *err);

int state_authority_set(struct state *state,
    const struct state_authority *authority, struct err *err);
int state_authority_get(struct state *state, struct span name,
    struct arena *arena, struct state_authority *ret, struct err *err);
/* All of signet.conf: before the file is read anew. */
int state_authority_del_file(struct state *state, struct err *err);

/* Makes a row if there is none for the directory; fills id. */
int state_account_add(struct state *state, struct state_account *account,
    struct err *err);
int state_account_set(struct state *state, const struct state_account *account,
    struct err *err);
int state_account_get(struct state *state, struct span directory,
    struct arena *arena, struct state_account *ret, struct err *err);
int state_account_del(struct state *state, int64_t id, struct err *err);
/* The id after the given one, in order; 0 at the end. */
int state_account_next(struct state *state, int64_t after,
    struct arena *arena, struct state_account *ret, struct err *err);

/* Adds or changes by name; fills id. */
int state_site_set(struct state *state, struct state_site *site,
    struct err *err);
int state_site_get(struct state *state, struct span name, struct arena *arena,
    struct state_site *ret, struct err *err);
int state_site_get_id(struct state *state, int64_t id, struct arena *arena,
    struct state_site *ret, struct err *err);
/* By name, the one after; -ERR_NOT_FOUND at the end. */
int state_site_next(struct state *state, struct span after,
    struct arena *arena, struct state_site *ret, struct err *err);
int state_site_del(struct state *state, int64_t id, struct err *err);

/* Adds, if it is not there, a certificate that is due at once. */
int state_cert_add(struct state *state, int64_t site_id, int key_type,
    bool second, struct err *err);
int state_cert_set(struct state *state, const struct state_cert *cert,
    struct err *err);
int state_cert_get(struct state *state, int64_t id, struct arena *arena,
    struct state_cert *ret, struct err *err);
int state_cert_del(struct state *state, int64_t id, struct err *err);
#define STATE_CERTS_PER_SITE 5
int state_cert_list(struct state *state, int64_t site_id,
    int64_t ret_ids[STATE_CERTS_PER_SITE], size_t *ret_count,
    struct err *err);
/* Those with due_at <= at, the longest due first. */
int state_cert_due(struct state *state, int64_t at, int64_t *ret_ids,
    size_t max, size_t *ret_count, struct err *err);
/* The least due_at; STATE_NEVER if there is none. */
int state_cert_next_due(struct state *state, int64_t *ret, struct err *err);

/* Zero if it never failed. */
int state_failure_get(struct state *state, struct span ident,
    struct span directory, struct state_failure *ret, struct err *err);
int state_failure_set(struct state *state, struct span ident,
    struct span directory, const struct state_failure *failure,
    struct err *err);
int state_failure_del(struct state *state, struct span ident,
    struct span directory, struct err *err);

int state_deployment_set(struct state *state, int64_t cert_id,
    const struct state_deployment *deployment, struct err *err);
int state_deployment_get(struct state *state, int64_t cert_id,
    struct span step, struct arena *arena, struct state_deployment *ret,
    struct err *err);
int state_deployment_del(struct state *state, int64_t cert_id,
    struct err *err);
/* Of a certificate, by step, the one after; -ERR_NOT_FOUND at the end. */
int state_deployment_next(struct state *state, int64_t cert_id,
    struct span after, struct arena *arena, struct state_deployment *ret,
    struct err *err);

int state_record_set(struct state *state, int64_t site_id,
    const struct state_record *record, struct err *err);
/* Of a site, by ident, the one after; -ERR_NOT_FOUND at the end. */
int state_record_next(struct state *state, int64_t site_id, struct span after,
    struct arena *arena, struct state_record *ret, struct err *err);

#endif
