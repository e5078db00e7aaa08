/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_JUDGE_JUDGE_H
#define SIGNET_AGENT_JUDGE_JUDGE_H

/*
 * judge: the process that decides. It knows configuration and state, starts
 * the processes that a run needs, and drives certificates through them, some
 * at once (src/agent/DESIGN.md).
 *
 * Life: judge_new, then what is to be done (judge_add, judge_add_due), then
 * judge_run, which starts no process when there is nothing to do.
 */

#include "agent/conf/settings.h"
#include "agent/state/state.h"
#include "base/loop.h"

#define JUDGE_JOBS_MAX 8      /* certificates at work at once */
#define JUDGE_BATCH_MAX 1000  /* certificates looked at in one run */

/* That soon before the end of a record of dns-persist-01 it is told. */
#define JUDGE_RECORD_WARN_MS (INT64_C(30) * 86400000)

enum judge_say {
	JUDGE_STEP = 1, /* what is going on: for a terminal */
	JUDGE_DONE,     /* something was achieved */
	JUDGE_WARN,     /* it goes on, but not as wanted */
	JUDGE_FAIL,     /* text is what went wrong and the remedy */
};

struct judge_options {
	const char *command;     /* that runs, for the lock */
	const char *dir;         /* absolute */
	const char *config_file; /* NULL: none */
	const char *net_program; /* NULL: the usual */
	bool dry_run;
	const char *staging;     /* the CA to rehearse at; NULL: each CA's */
	bool verbose;
	bool create;             /* make the state if there is none */
	bool daemon;             /* SIGHUP asks to read the configuration */
	int revoke_reason;       /* RFC 5280 5.3.1; -1: none is given */
	bool revoke_by_key;      /* signed by the certificate's own key */
	void (*say)(void *ctx, enum judge_say how, const char *site,
	    const char *text);
	void *ctx;
};

enum judge_flags {
	JUDGE_FORCE = 1 << 0,  /* issue though it is not due */
	JUDGE_NOW = 1 << 1,    /* whatever failed before */
	JUDGE_DEPLOY = 1 << 2, /* run all steps of the deployment again */
	JUDGE_REVOKE = 1 << 3, /* nothing but that */
	JUDGE_REMOVE = 1 << 4, /* nothing but that */
	JUDGE_ADOPT = 1 << 5   /* what is live is taken over, as deployed */
};

struct judge_tally {
	size_t done, failed;
};

struct judge;

/* Opens the state, and reads the configuration if it is another than last
 * time. */
int judge_new(const struct judge_options *options, struct judge **ret,
    struct err *err);
void judge_free(struct judge *judge);

struct state *judge_state(struct judge *judge);
struct loop *judge_loop(struct judge *judge);
int64_t judge_now(struct judge *judge);

/* Takes a site up, or changes it. What makes its certificate another one lets
 * it be issued anew. */
int judge_set_site(struct judge *judge, const struct site_conf *site,
    enum state_origin origin, int64_t *ret_id, struct err *err);

/* What the configuration's defaults say, where site says nothing. */
int judge_set_defaults(struct judge *judge, struct site_conf *site,
    struct err *err);

/* The CA called name: of the configuration, of a command line, or known.
 * authority_done frees. */
int judge_find_authority(struct judge *judge, const char *name,
    struct authority *ret, struct err *err);
int judge_set_authority(struct judge *judge,
    const struct authority *authority, enum state_origin origin,
    struct err *err);

/* What a site's row says; site_conf_done frees. */
int judge_read_site(const struct state_site *row, struct site_conf *ret,
    struct err *err);

/* Reads the configuration file if it changed. */
int judge_sync(struct judge *judge, struct err *err);

void judge_add(struct judge *judge, int64_t cert_id, unsigned flags);
/* All that is due, up to JUDGE_BATCH_MAX; and what was changed by hand in web
 * servers. */
int judge_add_due(struct judge *judge, struct err *err);
/* All of a site. */
int judge_add_site(struct judge *judge, int64_t site_id, unsigned flags,
    struct err *err);

/* Does what was added. An error is one of the run as a whole: those of single
 * certificates are told by say and counted. */
int judge_run(struct judge *judge, struct judge_tally *ret, struct err *err);

/* What is done with the account at a CA instead: RFC 8555 7.3.2, 7.3.5,
 * 7.3.6. err says what the CA said, too. */
enum judge_account { JUDGE_UPDATE = 1, JUDGE_ROLLOVER, JUDGE_DEACTIVATE };
int judge_run_account(struct judge *judge, enum judge_account what,
    const char *ca, struct err *err);

/* Gives keys from other programs' files to the account process. err of each
 * says why it was not taken (kind ERR_NONE: it was). */
struct judge_import_key {
	int64_t id;              /* of the account, which is in the state */
	bool remove;             /* our copy goes instead */
	const char *file;        /* PEM or JWK */
	bool open;               /* filled: others can read it */
	struct err err;
};
int judge_run_import(struct judge *judge, struct judge_import_key *keys,
    size_t count, struct err *err);

/* Asks CAs, by name, for nothing but their directories. err of each says why
 * there was no answer to believe (kind ERR_NONE: there was). */
struct judge_look {
	const char *ca;
	struct err err;
};
int judge_run_look(struct judge *judge, struct judge_look *looks, size_t count,
    struct err *err);

/* Asks the dns process; err is also what it refuses with. request's spans are
 * the caller's. */
struct judge_dns_request;
int judge_run_persist(struct judge *judge,
    const struct judge_dns_request *request, int64_t *ret_until_s,
    struct err *err);

/* Sleeps until a time, until another command has changed what there is (for a
 * daemon), or a signal: SIGHUP, or SIGTERM and SIGINT, also when they came
 * while judge_run was at work, which they end. */
enum judge_wake { JUDGE_WAKE_TIME = 0, JUDGE_WAKE_RELOAD, JUDGE_WAKE_STOP };
enum judge_wake judge_wait(struct judge *judge, int64_t until);

#endif
