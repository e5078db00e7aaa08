/* SPDX-License-Identifier: Apache-2.0 */
/*
 * haproxy_remove: what was installed for a site goes from HAProxy's memory and
 * from disk: a file that was there before is again what it was, one that was
 * added to a folder goes, and so does a line in a list.
 */
#include <stdio.h>
#include <unistd.h>

#include "agent/server/haproxy_private.h"
#include "agent/server/remember.h"

struct removal {
	struct haproxy *haproxy;
	const struct server_cert *cert;
	bool any;
	/* of the certificate that is looked at */
	char combined[CHANGE_PATH_SIZE];
	bool found;
	char list[CHANGE_PATH_SIZE]; /* a file that has it */
	struct bld text;             /* of the list, without it */
};

static int
take_file_back(void *ctx, const char *path, const struct span *was,
    struct err *err)
{
	struct removal *removal = ctx;
	struct haproxy *haproxy = removal->haproxy;
	char folder[CHANGE_PATH_SIZE];
	size_t len = strlen(path), end = strlen(HAPROXY_OCSP);
	int r;

	/* It is no certificate: HAProxy forgets it with that. */
	if (len > end && strcmp(path + len - end, HAPROXY_OCSP) == 0)
		return was == NULL ? change_remove(&haproxy->change, path,
		    err) : change_write(&haproxy->change, path, *was, 0644,
		    err);
	removal->any = true;
	if (was != NULL) {
		r = change_write(&haproxy->change, path, *was, 0600, err);
		return r < 0 ? r : haproxy_set(haproxy, path, *was, err);
	}
	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = '\0';
	r = change_remove(&haproxy->change, path, err);
	return r < 0 ? r : haproxy_forget(haproxy, folder, path, err);
}

static bool
find_loaded(void *ctx, const struct haproxy_cert *cert)
{
	struct removal *removal = ctx;

	removal->found = strcmp(cert->file, removal->combined) == 0;
	return !removal->found;
}

/* A list's line is a file, perhaps with options and names behind it. */
static bool
find_list(void *ctx, const char *list, bool folder)
{
	struct removal *removal = ctx;
	struct span combined = span_str(removal->combined);
	struct bld whole;
	struct span rest;

	bld_init(&whole, CHANGE_FILE_MAX);
	if (folder || change_read(list, &whole, NULL) < 0)
		bld_reset(&whole);
	bld_reset(&removal->text);
	for (rest = bld_view(&whole); rest.len > 0;) {
		struct span all = rest, line = span_cut(&rest, '\n');

		if (span_equal(span_cut(&line, ' '), combined))
			snprintf(removal->list, sizeof(removal->list), "%s",
			    list);
		else
			bld_span(&removal->text, span_of(all.data,
			    all.len - rest.len));
	}
	bld_free(&whole);
	return removal->list[0] == '\0';
}

/* One of the site's certificates, where HAProxy reads it from us. */
static int
take_line_out(struct removal *removal, struct err *err)
{
	struct haproxy *haproxy = removal->haproxy;
	int r;

	removal->found = false;
	removal->list[0] = '\0';
	r = haproxy_certs(haproxy, false, find_loaded, removal, err);
	if (r < 0 || !removal->found)
		return r;
	removal->any = true;
	r = haproxy_lists(haproxy, find_list, removal, err);
	if (r == 0 && removal->list[0] == '\0')
		r = err_set(err, ERR_CONFIG, NULL, "HAProxy's configuration "
		    "names %s itself and would not start without it; take it "
		    "out there first", removal->combined);
	if (r == 0)
		r = change_write(&haproxy->change, removal->list,
		    bld_view(&removal->text), 0644, err);
	return r < 0 ? r : haproxy_forget(haproxy, removal->list,
	    removal->combined, err);
}

static int
take_all(struct removal *removal, struct err *err)
{
	struct haproxy *haproxy = removal->haproxy;
	char folder[SERVER_FOLDER_SIZE], file[SERVER_FOLDER_SIZE + 16];
	struct look_leaf leaf;
	int r = remember_each(&haproxy->change, removal->cert->site,
	    take_file_back, removal, err);

	for (size_t i = 0; r == 0 && server_folder(removal->cert, i, folder);
	    i++) {
		snprintf(removal->combined, sizeof(removal->combined),
		    "%.*s/combined.pem", SERVER_FOLDER_SIZE - 64, folder);
		r = take_line_out(removal, err);
	}
	for (size_t i = 0; r == 0 && removal->any &&
	    server_folder(removal->cert, i, folder); i++) {
		snprintf(file, sizeof(file), "%s/cert.pem", folder);
		if (look_leaf_read(file, &leaf, NULL) == 0)
			r = haproxy_see(haproxy, removal->cert, &leaf, false,
			    err);
	}
	return r;
}

int
haproxy_remove(void *self, const struct server_cert *cert, struct err *err)
{
	struct haproxy *haproxy = self;
	struct removal removal = { .haproxy = haproxy, .cert = cert };
	struct err why = ERR_INIT;
	int r;

	bld_init(&removal.text, CHANGE_FILE_MAX);
	r = take_all(&removal, err);
	bld_free(&removal.text);
	if (r == 0) {
		change_keep(&haproxy->change);
		remember_forget(&haproxy->change, cert->site);
	} else if (haproxy->change.count > 0 &&
	    haproxy_repair(haproxy, &why) < 0) {
		err_prefix(err, "and what was changed could not be taken back "
		    "(%.150s)", why.text);
	}
	return r;
}
