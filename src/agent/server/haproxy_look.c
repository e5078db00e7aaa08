/* SPDX-License-Identifier: Apache-2.0 */
/*
 * haproxy_look: what has become of what was installed. HAProxy says on its
 * socket what it has loaded, not what its files say since: it is asked again
 * when one of them changes, and when it was started anew, which its process
 * tells. Nobody asked for the names that it says then: they are believed where
 * the file has them, too, so that who breaks into it cannot make all renewals
 * fail by one that is not ours.
 */
#include <stdio.h>

#include "agent/server/haproxy_private.h"
#include "agent/server/names.h"
#include "agent/server/seen.h"

struct looking {
	struct haproxy *haproxy;
	struct names names;
	struct seen seen;
};

static bool
take_cert(void *ctx, const struct haproxy_cert *cert)
{
	const char *names[HAPROXY_ANSWER_NAMES_MAX];
	struct looking *looking = ctx;
	size_t count = haproxy_file_names(cert, names);

	names_block(&looking->names);
	for (size_t i = 0; i < count; i++)
		names_add(&looking->names, span_str(names[i]));
	seen_add(&looking->seen, span_str(cert->file));
	return true;
}

static bool
take_list(void *ctx, const char *list, bool folder)
{
	struct looking *looking = ctx;

	(void)folder;
	seen_add(&looking->seen, span_str(list));
	return true;
}

/* Its configuration, where its command line says it. */
static void
see_process(struct looking *looking)
{
	char text[RUNNING_SIZE];
	int pid = looking->haproxy->pid;

	if (pid <= 0)
		return;
	running_option(pid, "-f", text);
	seen_add(&looking->seen, span_str(text));
	snprintf(text, sizeof(text), "/proc/%d/cmdline", pid);
	seen_add(&looking->seen, span_str(text));
}

static void
look_at(struct haproxy *haproxy, const struct server_cert *cert,
    struct bld *out)
{
	struct err err = ERR_INIT;
	bool stale = false;
	int r = haproxy_is_stale(haproxy, cert, &stale, &err);

	server_put_look(out, cert, stale, r < 0 ? &err : NULL);
}

int
haproxy_look(struct haproxy *haproxy, const struct server_cert *certs,
    size_t count, struct bld *out, struct err *err)
{
	struct timespec since = seen_now();
	struct looking looking = { .haproxy = haproxy };
	int r = haproxy_certs(haproxy, true, take_cert, &looking, err);

	if (r == 0)
		r = haproxy_lists(haproxy, take_list, &looking, err);
	if (r == 0) {
		names_put(&looking.names, "names ", out);
		for (size_t i = 0; i < count; i++)
			look_at(haproxy, &certs[i], out);
		see_process(&looking);
		r = seen_write(&haproxy->change, &looking.seen, &since, err);
	}
	names_free(&looking.names);
	seen_free(&looking.seen);
	return r;
}
