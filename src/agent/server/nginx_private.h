/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_NGINX_PRIVATE_H
#define SIGNET_AGENT_SERVER_NGINX_PRIVATE_H

/* nginx_private: what the files about nginx share. */

#include "agent/server/nginx_dump.h"
#include "agent/server/look.h"
#include "agent/server/seen.h"
#include "agent/server/server.h"
#include "agent/server/tasks.h"

/* Fills servers and includes from the files. */
int nginx_servers_find(struct nginx_dump *dump, struct arena *arena,
    struct err *err);

/* The files that it was read from, and where it looks for more. */
void nginx_servers_seen(const struct nginx_dump *dump, struct seen *seen);

/* ---- text: the files of our own --------------------------------------- */

/* The files that sort before and after all others of a folder. */
#define NGINX_TEXT_FIRST "00-signet-"
#define NGINX_TEXT_LAST "zz-signet-"

bool nginx_text_is_ours(struct span file);

/* Server blocks that answer the challenges and all else as before. */
int nginx_text_challenges(struct bld *out, const struct nginx_dump *dump,
    const struct server_task *tasks, size_t count, struct err *err);

/* Server blocks that serve the certificate: first those that come before the
 * administrator's blocks with another certificate, last those for names that
 * had none. Where each name is to be seen then, ats has. */
struct nginx_seen {
	struct look_at at;
	const char *name;
};
struct nginx_site {
	const struct nginx_dump *dump;
	const struct server_cert *cert;
	struct bld first, last;
	struct arena *arena;
	struct nginx_seen *seen;
	size_t num_seen, max_seen;
};
int nginx_text_site(struct nginx_site *site, struct err *err);

/* ---- match: which block nginx takes ------------------------------------ */

bool nginx_match_listens(const struct nginx_server *server,
    const struct nginx_listen *listen, bool ssl);
/* Did an earlier block listen there without TLS, too? */
bool nginx_match_repeated(const struct nginx_dump *dump,
    const struct nginx_server *server, const struct nginx_listen *listen);
/* The block that listens there without TLS and answers for name; NULL with err
 * where only nginx can say. */
const struct nginx_server *nginx_match_server(const struct nginx_dump *dump,
    const struct nginx_listen *listen, struct span name, struct err *err);
/* What the first or the explicit default is. */
const struct nginx_server *nginx_match_default(const struct nginx_dump *dump,
    const struct nginx_listen *listen, bool *ret_explicit);

#endif
