/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_IMPORT_IMPORT_H
#define SIGNET_AGENT_IMPORT_IMPORT_H

/*
 * import: reads what another ACME client keeps in its folders, so that Signet
 * goes on with the same accounts and certificates in the same places. Nothing
 * is changed there. What is found and what cannot be taken is said item by
 * item.
 */

#include "agent/conf/site_conf.h"
#include "base/mem.h"

#define IMPORT_FILE_MAX 262144   /* bytes of one of its files */
#define IMPORT_ITEMS_MAX 100000  /* certificates, accounts */

struct import_account {
	const char *directory;   /* URL of the CA's directory */
	const char *kid;         /* the account's URL */
	const char *contacts;    /* e-mail addresses with a space between */
	const char *key_file;    /* PEM or JWK, which only account reads */
};

struct import {
	struct arena arena;      /* of all texts */
	size_t num_accounts;
	struct import_account *accounts;
	size_t num_sites;
	struct site_conf *sites; /* complete, layout included */
};

/* What the caller gives. */
struct import_from {
	const char *dir;         /* the other program's folder, absolute */
	const char *ca;          /* directory URL where nothing else says it */
	const char *via;         /* how control is proven, the same; or NULL */
	/* item is a certificate's or account's name; text says what was not
	 * taken, and what to do. */
	void (*note)(void *ctx, const char *item, const char *text);
	void *ctx;
};

struct import_program {
	const char *name;        /* "certbot" */
	const char *dir;         /* where it is as a rule; "~/" is the home */
	const char *stop;        /* how its own renewal is switched off */
	int (*read)(const struct import_from *from, struct import *ret,
	    struct err *err);
};

extern const struct import_program import_programs[]; /* NULL name ends */

void import_done(struct import *import);

/* ---- what the readers share --------------------------------------------- */

/* -ERR_NOT_FOUND if there is none. The text, with a NUL, is in the arena. Root
 * reads files of root alone: there are commands in them. */
int import_file(struct arena *arena, const char *path, struct span *ret,
    struct err *err);

/* Calls each for the entries of a folder, in the order of their names, but for
 * those that begin with '.'. A folder that is not there has none. */
void import_list(struct arena *arena, const char *dir,
    void (*each)(void *ctx, const char *name), void *ctx);

/* A new site with the names and the kind of key of the certificate in a PEM
 * file; NULL with err. */
struct site_conf *import_site(struct import *import, const char *name,
    const char *certificate, struct err *err);

/* Sets a row of it; what is refused is noted. False then. */
bool import_set(const struct import_from *from, struct site_conf *site,
    const char *key, const char *value);

void import_add_account(struct import *import,
    const struct import_account *account);

/* The last line KEY='value' of a shell's file, without quotes, in the arena;
 * NULL if there is none. What a shell would expand stays as it is. */
const char *import_variable(struct arena *arena, struct span text,
    const char *key);

/* A string of the object at path ("body/contact/0") in a JSON file, in the
 * arena; NULL if there is none. */
const char *import_json(struct arena *arena, const char *file,
    const char *path);

int import_certbot(const struct import_from *from, struct import *ret,
    struct err *err);
int import_dehydrated(const struct import_from *from,
    struct import *ret, struct err *err);
int import_lego(const struct import_from *from, struct import *ret,
    struct err *err);
int import_acmesh(const struct import_from *from, struct import *ret,
    struct err *err);

#endif
