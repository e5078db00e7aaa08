/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BENCH_AUTHORITY_H
#define SIGNET_BENCH_AUTHORITY_H

/*
 * authority: the CA under load: made by `signetd init` in a folder of its own
 * on a disk, run by `signetd run`, stopped and removed in the end. Its
 * configuration is the one that init writes, with the lines that let it see
 * the load generator's hosts and those that the caller adds.
 */

#include <limits.h>
#include <sys/types.h>

#include "base/err.h"

#define AUTHORITY_URL_MAX 256 /* bytes */

struct authority {
	const char *program;      /* signetd */
	char folder[PATH_MAX];    /* all that is ours; ca/ is the CA's */
	char root[PATH_MAX + 16]; /* root.pem */
	char url[AUTHORITY_URL_MAX]; /* of the ACME directory */
	pid_t pid;                /* of master; 0: does not run */
	int out;                  /* its standard output */
};

struct authority_options {
	const char *program;
	const char *parent;       /* folder to make ours in */
	unsigned dns_port;        /* of the resolver, on 127.0.0.1 */
	const char *extra;        /* more lines of configuration */
};

/* Returns when the CA says that it is ready. A zeroed struct may be stopped. */
int authority_start(struct authority *authority,
    const struct authority_options *options, struct err *err);
void authority_stop(struct authority *authority);

/* Prints the end of what the CA logged. */
void authority_print_log(const struct authority *authority);

#endif
