/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CONF_HOOK_ARGUMENT_H
#define SIGNET_AGENT_CONF_HOOK_ARGUMENT_H

/*
 * hook_argument: what names a hook of dehydrated, in via and deploy_hook:
 * HOOK[,chain][,wellknown=DIR].
 */

#include "base/err.h"
#include "base/span.h"

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

#endif
