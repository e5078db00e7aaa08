/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_APACHE_PRIVATE_H
#define SIGNET_AGENT_SERVER_APACHE_PRIVATE_H

/* apache_private: what the files about Apache share. */

#include "agent/server/apache_dump.h"
#include "agent/server/change.h"
#include "agent/server/look.h"
#include "agent/server/seen.h"
#include "agent/server/server.h"

#define APACHE_OURS "signet-" /* begins the names of our files */

struct apache {
	struct change change;     /* first */
	const struct server_world *world;
	struct arena arena;
	uint64_t reloaded;        /* when: agent/server/holders.h */
	bool deaf;                /* the last reload failed: it has what it had */
	struct bld text;          /* under dump */
	struct apache_dump dump;
	bool looks;               /* files are compared, and not written */
	bool stale;               /* then: one is not what it would be */
	char listens[64];         /* what our files say so that it listens */
};

int apache_ask(struct apache *apache, struct err *err);
int apache_test_and_reload(struct apache *apache, struct err *err);
/* The end of a change, of which r came: taken up by a reload if that is to be
 * done, it stays; after a failure all is as before. */
int apache_settle(struct apache *apache, int r, bool reload,
    struct err *err);
bool apache_has_name(const struct apache_vhost *vhost, const char *name);
/* Does a virtual host speak TLS there? */
bool apache_is_tls(const struct apache_dump *dump,
    const struct apache_address *address);
/* Is it a file of ours for a site? */
bool apache_is_ours(struct span file);
void apache_look(struct apache *apache, const struct server_cert *cert,
    struct bld *out);
/* Of a struct apache, as struct server has it. */
int apache_install(void *self, const struct server_cert *cert,
    struct err *err);

#endif
