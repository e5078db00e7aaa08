/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/served.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/proc/command.h"
#include "agent/rpc/site.h"
#include "agent/server/places.h"
#include "base/file.h"
#include "base/list.h"
#include "base/text.h"

#define SAID_MAX 16384 /* bytes of what a look finds */

struct look {
	struct list_node of_served;
	struct served *served;
	struct status_cert *cert;
	const char *where;
	bool wanted;           /* the administrator says that it is there */
	struct command *command;
	/* For its process: */
	struct service service;
	char name[PLACES_NAME_SIZE];
	int key_type;          /* 0: not known */
	uint8_t hash[LOOK_HASH_SIZE];
};

struct served {
	struct loop *loop;
	struct status *status;
	size_t running;
	struct list waiting;
};

/* ---- in a process of its own -------------------------------------------- */

/* A server may have certificates for both types of key. */
static int
find_leaf(const struct look *look, const struct look_at *at,
    struct look_leaf *ret, struct err *err)
{
	bool rsa = look->key_type >= SITE_KEY_RSA2048;
	struct look_leaf other = { 0 };
	int r = look_tls_leaf(at, look->name, rsa, ret, err);

	if (look->key_type == 0 && (r < 0 || memcmp(ret->hash, look->hash,
	    LOOK_HASH_SIZE) != 0) && look_tls_leaf(at, look->name, !rsa,
	    &other, r < 0 ? err : NULL) == 0) {
		*ret = other;
		return 0;
	}
	return r;
}

static void
put_place(const struct look *look, const struct look_at *at,
    struct bld *out)
{
	char plain[ERR_TEXT_SIZE];
	struct err err = ERR_INIT;
	struct look_leaf leaf = { 0 };

	bld_fmt(out, "%s ", at->host);
	if (find_leaf(look, at, &leaf, &err) < 0) {
		text_printable(plain, sizeof(plain), span_str(err.text));
		bld_fmt(out, "none %s\n", plain);
	} else if (memcmp(leaf.hash, look->hash, LOOK_HASH_SIZE) == 0) {
		bld_str(out, "same\n");
	} else {
		bld_fmt(out, "other %" PRId64 " %s\n", leaf.not_after_s,
		    leaf.serial);
	}
}

static int
look_at(void *arg, struct err *err)
{
	const struct look *look = arg;
	struct look_at at[PLACES_MAX];
	struct bld out;
	size_t count;
	int r = places_find(&look->service, at, &count, err);

	bld_init(&out, SAID_MAX);
	for (size_t i = 0; r == 0 && i < count; i++)
		put_place(look, &at[i], &out);
	if (r == 0 && file_write(STDOUT_FILENO, bld_view(&out)) < 0)
		r = err_errno(err, "cannot say what was found");
	bld_free(&out);
	return r;
}

/* ---- what it says ------------------------------------------------------- */

static struct status_served *
add(struct look *look, struct span address)
{
	struct status_cert *cert = look->cert;
	struct arena *arena = &look->served->status->arena;
	struct status_served *grown = arena_alloc(arena,
	    (cert->num_served + 1) * sizeof(*grown));

	memcpy(grown, cert->served, cert->num_served * sizeof(*grown));
	cert->served = grown;
	grown += cert->num_served++;
	*grown = (struct status_served){ .where = look->where,
	    .guessed = !look->wanted, .address = arena_dup(arena, address) };
	return grown;
}

static void
add_error(struct look *look, struct span address, struct span text)
{
	struct arena *arena = &look->served->status->arena;
	char plain[ERR_TEXT_SIZE];

	text_printable(plain, sizeof(plain), text);
	add(look, address)->error = arena_dup(arena, span_str(plain));
	if (look->wanted)
		look->served->status->num_broken++;
}

static void
take_line(struct look *look, struct span line)
{
	struct arena *arena = &look->served->status->arena;
	struct span address = span_cut(&line, ' ');
	struct span word = span_cut(&line, ' ');
	struct status_served *at;
	uint64_t until;

	if (span_equal_str(word, "none")) {
		add_error(look, address, line);
		return;
	}
	at = add(look, address);
	at->seen = STATUS_SEEN_SAME;
	if (span_equal_str(word, "same"))
		return;
	at->seen = STATUS_SEEN_OTHER;
	/* A stranger's certificate may end whenever it likes. */
	if (text_uint(span_cut(&line, ' '), INT64_MAX / 1000, &until) == 0)
		at->not_after = (int64_t)until * 1000;
	at->serial = arena_dup(arena, line);
	look->served->status->num_broken++;
}

static void start(struct served *served);

static void
on_done(void *ctx, const struct err *err, struct span output)
{
	struct look *look = ctx;
	struct served *served = look->served;

	look->command = NULL;
	if (err->kind != ERR_NONE)
		add_error(look, SPAN_NONE, span_str(err->text));
	while (err->kind == ERR_NONE && output.len > 0)
		take_line(look, span_cut(&output, '\n'));
	free(look);
	served->running--;
	start(served);
}

static void
start(struct served *served)
{
	while (served->running < SERVED_AT_ONCE &&
	    served->waiting.first != NULL) {
		struct look *look = LIST_FIRST(&served->waiting, struct look,
		    of_served);
		struct err err = ERR_INIT;

		list_del(&served->waiting, &look->of_served);
		look->command = command_call(served->loop, look_at, look,
		    on_done, look, &err);
		if (look->command != NULL) {
			command_limit(look->command, SERVED_S);
			served->running++;
		} else {
			add_error(look, SPAN_NONE, span_str(err.text));
			free(look);
		}
	}
	if (served->running == 0)
		loop_stop(served->loop);
}

/* ---- where -------------------------------------------------------------- */

static void
add_look(struct served *served, struct status_cert *cert, const char *where,
    const char *name, bool wanted)
{
	struct look *look = mem_zalloc(sizeof(*look));

	*look = (struct look){ .served = served, .cert = cert,
	    .where = arena_str(&served->status->arena, span_str(where)),
	    .wanted = wanted, .key_type = cert->cert.key_type };
	memcpy(look->hash, cert->cert.leaf_hash, sizeof(look->hash));
	places_name(name, look->name);
	if (service_parse(where, &look->service, NULL) == 0)
		list_add(&served->waiting, &look->of_served);
	else
		free(look);
}

static void
add_cert(struct served *served, const struct site_conf *site,
    struct status_cert *cert)
{
	char where[SERVICE_HOST_MAX + 16];

	cert->served = arena_alloc(&served->status->arena, 1);
	if (cert->cert.not_after == 0 || site->names.count == 0)
		return;
	for (size_t i = 0; i < site->verify.count; i++)
		add_look(served, cert, site->verify.items[i],
		    site->names.items[0], true);
	for (size_t i = 0; i < site->names.count && site->verify.count == 0;
	    i++) {
		const char *name = site->names.items[i];

		/* Which names there are below it, nobody knows. */
		if (name[0] == '*')
			continue;
		snprintf(where, sizeof(where), strchr(name, ':') == NULL ?
		    "%s:443" : "[%s]:443", name);
		add_look(served, cert, where, name, false);
	}
}

static void
on_start(void *arg)
{
	start(arg);
}

void
served_look(struct loop *loop, struct status *status)
{
	struct served served = { .loop = loop, .status = status };
	struct env env;

	for (size_t i = 0; i < status->num_sites; i++)
		for (size_t j = 0; j < status->sites[i].num_certs; j++)
			add_cert(&served, &status->sites[i].site,
			    &status->sites[i].certs[j]);
	loop_env(loop, &env);
	env.timer_start(env.ctx, 0, on_start, &served);
	loop_run(loop);
}
