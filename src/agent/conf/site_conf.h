/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CONF_SITE_CONF_H
#define SIGNET_AGENT_CONF_SITE_CONF_H

/*
 * site_conf: a site: what one certificate (or one for each type of key) is for, who gives
 * it, how control is proven, and what becomes of it.
 */

#include "agent/conf/row.h"

#define SITE_CONF_NAME_MAX 200 /* bytes: a folder's name under live/ */

struct site_conf {
	char *name;               /* not a row: the block's title */
	struct row_list names;    /* identifiers; unset: the name itself */
	struct row_list ca;       /* in order of preference */
	struct row_list via;      /* solvers, in order of preference */
	struct row_list key;      /* types; more than one: several certificates */
	enum row_bool reuse_key;
	char *owner;
	char *group;
	unsigned mode;            /* of private keys; 0: 0600 */
	struct row_list copy;     /* folders, or KIND=/FILE */
	struct row_list reload;   /* commands that make services take it */
	struct row_list install;  /* servers that are to serve it */
	enum row_bool follow_names; /* of them, beside those it has */
	struct row_list deploy_hook;
	struct row_list pre_hook, post_hook; /* around a run */
	struct row_list hook_dir; /* as certbot's renewal-hooks */
	struct row_list environment; /* of hooks */
	char *hook_timeout;       /* seconds */
	struct row_list verify;   /* what must serve it then: service.h */
	char *verify_wait;        /* seconds; unset: 20 */
	enum row_bool must_staple;
	char *ocsp;               /* "file", "no"; unset: if must-staple */
	char *csr;                /* a PEM file; we have no key then */
	char *profile;
	char *preferred_chain;
	char *layout;             /* of another program; unset: our own */
};

extern const struct row site_conf_rows[];

void site_conf_done(struct site_conf *site);

#define SITE_CONF_CA "letsencrypt"

/* Fills in what it does not say: names, key, ca. */
void site_conf_complete(struct site_conf *site);

/* What hooks and servers know it by: the first name, else the site's own. */
const char *site_conf_first_name(const struct site_conf *site);

/* Seconds; 0: not said. */
int site_conf_hook_timeout(const struct site_conf *site);

/* The parts of layout, which must be set; all borrow from it. */
struct site_conf_layout {
	struct span program;
	struct span folder;
	struct span name;
};
struct site_conf_layout site_conf_layout(const struct site_conf *site);

/* A site's name, which becomes a folder: letters, digits, '-', '.', '_', ':',
 * of which the first is a letter, a digit or '_'. */
int site_conf_check_name(const char *name, struct err *err);

/* The name of a site whose first name is ident: "*.x.y" becomes "x.y". */
void site_conf_make_name(char out[SITE_CONF_NAME_MAX + 1], const char *ident);

#endif
