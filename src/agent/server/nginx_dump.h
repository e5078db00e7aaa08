/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_NGINX_DUMP_H
#define SIGNET_AGENT_SERVER_NGINX_DUMP_H

/*
 * nginx_dump: what `nginx -T` says: every file of the running server's
 * configuration, once, in the order in which nginx read them, as text that
 * nginx has just found to be right. Of it we see words, blocks and `include`;
 * what a directive means is nginx's affair, but for listen, server_name,
 * ssl_certificate and `return`.
 *
 * Lua blocks have a grammar of their own, so a dump with one is refused.
 */

#include "base/bld.h"
#include "base/err.h"
#include "base/mem.h"

#define NGINX_DUMP_MAX (32 * 1024 * 1024) /* bytes of a dump */
#define NGINX_DUMP_DEPTH_MAX 24  /* blocks in blocks, files in files */
#define NGINX_DUMP_WORDS_MAX 256 /* words that are kept of a directive: names
                                    of a server; the rest is an error */

struct nginx_word {
	struct nginx_word *next;
	struct span text;              /* without quotes */
};

struct nginx_directive {
	struct nginx_directive *next;
	struct nginx_word *words;      /* the first is its name */
	struct nginx_directive *block; /* what is between its braces */
	bool has_block;
	struct span text;              /* as it stands in the file */
	unsigned line;
};

struct nginx_file {
	struct nginx_file *next;
	struct span name;
	struct nginx_directive *first;
};

struct nginx_listen {
	struct nginx_listen *next;
	struct span host;     /* "*", "127.0.0.1", "[::]" */
	unsigned port;
	bool ssl, http2, proxy, is_default;
	bool both;            /* ipv6only=off */
};

struct nginx_server {
	struct nginx_server *next;
	const struct nginx_directive *directive;
	struct span file;
	struct nginx_listen *listens;  /* those on TCP */
	struct nginx_word *names;      /* as they were written */
	struct span certificate;       /* the first; empty: none */
	bool redirects;                /* it answers all with a redirect to
	                                  https */
};

/* One pattern of an include that stands directly in http. */
struct nginx_include {
	struct nginx_include *next;
	struct span pattern;           /* absolute */
};

struct nginx_dump {
	struct nginx_file *files;      /* the first is the main one */
	struct nginx_server *servers;  /* of http, in the order of nginx */
	struct nginx_include *includes;
};

/* All spans and objects are in text or the arena. -ERR_CONFIG with file and
 * line for what is not of the form. */
int nginx_dump_parse(struct span text, struct arena *arena,
    struct nginx_dump *ret, struct err *err);

/* Calls visit for each directive of a list, with included files in place of
 * the includes. visit returns 0 to go on. */
int nginx_dump_walk(const struct nginx_dump *dump,
    const struct nginx_directive *first, struct span file,
    int (*visit)(void *ctx, const struct nginx_directive *directive,
    struct span file, struct err *err), void *ctx, struct err *err);

bool nginx_dump_is(const struct nginx_directive *directive, const char *name);

/* The word with that index, empty if there is none. */
struct span nginx_dump_word(const struct nginx_directive *directive,
    size_t index);

/* "listen 127.0.0.1:80 ssl;": false for one that is not on TCP. */
bool nginx_dump_listen(const struct nginx_directive *directive,
    struct nginx_listen *ret);

#endif
