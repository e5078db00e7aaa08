/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CONF_AUTHORITY_H
#define SIGNET_AGENT_CONF_AUTHORITY_H

/*
 * authority: one CA that certificates are got from: a ca block of the
 * configuration, or one that was named on a command line. Public CAs are
 * known by name.
 */

#include "agent/conf/row.h"

struct authority {
	char *name;             /* not a row: the block's title */
	char *directory;        /* URL of its ACME directory */
	char *ca_file;          /* roots that its TLS is trusted by */
	char *eab_kid;          /* RFC 8555 7.3.4 */
	char *eab_key_file;     /* base64url in a file of its own */
	char *eab_alg;          /* HS256 if unset */
	struct row_list email;  /* contacts */
	char *profile;
	char *preferred_chain;  /* common name of an issuer in the chain */
	enum row_bool agree_terms;
	char *timeout;          /* seconds */
	char *staging;          /* name or URL that --dry-run asks */
};

extern const struct row authority_rows[];

/* Fills in what is known of a CA by that name, or by the URL of its
 * directory. -ERR_CONFIG when text is neither. */
int authority_init(struct authority *ret, const char *text, struct err *err);
void authority_done(struct authority *authority);

/* The directories of all that are known, by index; NULL at the end. */
const char *authority_known(size_t index);

#endif
