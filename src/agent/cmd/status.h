/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CMD_STATUS_H
#define SIGNET_AGENT_CMD_STATUS_H

/*
 * status: what the state knows of sites, for people and for programs. The
 * JSON form is documented in docs/status-json.md and stable: members are
 * added, never changed.
 */

#include "agent/judge/judge.h"

#define STATUS_TEXT_MAX (256 * 1024 * 1024) /* bytes: 100,000 sites */
#define STATUS_JSON_VERSION 1

/* One look at one address of a place where a certificate is to be seen. */
struct status_served {
	const char *where;   /* "smtp:mail.example.com:25"; in the arena */
	bool guessed;        /* nobody said that it is served there */
	struct span address; /* empty: none was found */
	enum status_seen {
		STATUS_SEEN_NONE = 0,  /* error says why */
		STATUS_SEEN_SAME,
		STATUS_SEEN_OTHER
	} seen;
	struct span serial;  /* of another one, hex */
	int64_t not_after;
	struct span error;
};

struct status_cert {
	struct state_cert cert;
	size_t num_served;
	struct status_served *served; /* in the arena; NULL: nobody looked */
	size_t num_steps;
	struct state_deployment *steps; /* in the arena */
};

#define STATUS_RECORDS_MAX 128

struct status_site {
	struct site_conf site;
	size_t num_records;
	struct state_record *records;   /* of dns-persist-01, in the arena */
	enum state_origin origin;
	size_t num_certs;
	struct status_cert certs[STATE_CERTS_PER_SITE];
};

struct status {
	bool brief;        /* set before it is loaded: without records */
	int64_t now;
	size_t num_sites;
	struct status_site *sites;
	size_t num_broken; /* certificates without a file, or run out, or in the
	                      place of which another is served */
	struct arena arena;
};

int status_load_all(struct judge *judge, struct status *ret, struct err *err);
int status_load(struct judge *judge, const char *name, struct status *ret,
    struct err *err);
void status_done(struct status *status);

void status_put_words(struct bld *out, const struct status *status);
void status_put_json(struct bld *out, const struct status *status);

#endif
