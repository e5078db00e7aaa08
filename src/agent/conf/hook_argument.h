/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CONF_HOOK_ARGUMENT_H
#define SIGNET_AGENT_CONF_HOOK_ARGUMENT_H

/*
 * hook_argument: what names a hook of dehydrated, in via and deploy_hook:
 * HOOK[,chain][,wellknown=DIR]; and a script of acme.sh's: NAME[,DIR].
 */

#include "base/err.h"
#include "base/mem.h"

struct hook_argument {
	struct span hook;      /* empty: there is none */
	bool chain;            /* HOOK_CHAIN=yes */
	struct span wellknown; /* WELLKNOWN; empty: no file is written */
};

/* -ERR_CONFIG. Borrows from text. */
int hook_argument_parse(const char *text, struct hook_argument *ret,
    struct err *err);

/* The hook of "dehydrated-http=...", "dehydrated-dns=..." (via) or
 * "dehydrated:..." (deploy_hook); empty of anything else. */
struct span hook_argument_dehydrated(const char *text);

#define HOOK_ARGUMENT_SOURCES_MAX 5

struct hook_argument_acmesh {
	const char *name;
	const char *dir;       /* ~/.acme.sh, unless said */
	/* Where the shell takes commands from, NULL at the end. */
	const char *sources[HOOK_ARGUMENT_SOURCES_MAX];
};

/* sub is the folder of such scripts; all in the arena. */
void hook_argument_acmesh(const char *text, const char *sub,
    struct arena *arena, struct hook_argument_acmesh *ret);

#endif
