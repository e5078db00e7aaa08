/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_APACHE_DUMP_H
#define SIGNET_AGENT_SERVER_APACHE_DUMP_H

/*
 * apache_dump: what `apachectl -t -D DUMP_VHOSTS -D DUMP_INCLUDES -D
 * DUMP_RUN_CFG` says: where each virtual host begins, its first name and its
 * addresses. Its text is taken from there to its </VirtualHost>, line by line
 * as Apache reads it; of that we know ServerAlias, SSLEngine,
 * SSLCertificateFile, RewriteEngine and Redirect.
 */

#include "base/bld.h"
#include "base/err.h"
#include "base/mem.h"

#define APACHE_DUMP_MAX (16 * 1024 * 1024) /* bytes of a dump */

struct apache_address {
	struct apache_address *next;
	struct span host;           /* "*", "127.0.0.1", "[::1]" */
	unsigned port;
	struct span usual;          /* the name of its default */
};

struct apache_name {
	struct apache_name *next;
	struct span text;
};

struct apache_vhost {
	struct apache_vhost *next;
	struct span file;
	unsigned line;
	struct span name;           /* ServerName, without a port */
	struct apache_address *addresses;
	/* From its text, apache_dump_text: */
	struct span text;           /* between its tags; NULL: not readable */
	struct apache_name *names;  /* name, and the aliases */
	bool tls, redirects, rewrites;
	struct span certificate;
};

struct apache_dump {
	struct span root;           /* ServerRoot */
	struct span pid_file;       /* of the one that runs; empty: not said */
	struct apache_name *files;  /* that are included */
	struct apache_vhost *vhosts;
	struct apache_address *addresses; /* in order, each once */
};

int apache_dump_parse(struct span text, struct arena *arena,
    struct apache_dump *ret, struct err *err);

/* Fills in what the file that it stands in says of it. */
void apache_dump_text(struct apache_vhost *vhost, struct span file,
    struct arena *arena);

/* The next line of text without its end and leading space; a line that ends
 * with a backslash goes on. false at the end. */
bool apache_dump_line(struct span *text, struct span *ret_line);

/* Is it that directive? */
bool apache_dump_is(struct span line, const char *name);

#endif
