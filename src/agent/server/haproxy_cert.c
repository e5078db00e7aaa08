/* SPDX-License-Identifier: Apache-2.0 */
/*
 * haproxy_cert: certificates in HAProxy: what it has loaded is replaced in
 * memory and on disk; what it has not is added to one of its lists.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/server/haproxy_private.h"
#include "agent/server/remember.h"
#include "base/log.h"

#define OCSP_MAX 65535 /* bytes */

static int
read_cert(struct haproxy *haproxy, struct haproxy_cert *cert,
    struct err *err)
{
	char command[CHANGE_PATH_SIZE];
	struct bld answer;
	int r;

	snprintf(command, sizeof(command), "show ssl cert %s", cert->file);
	bld_init(&answer, HAPROXY_SOCKET_ANSWER_MAX);
	r = haproxy_socket_ask(haproxy->socket, command, SPAN_NONE, &answer,
	    err);
	if (r == 0)
		haproxy_answer_cert(bld_view(&answer), &haproxy->arena, cert);
	bld_free(&answer);
	return r;
}

int
haproxy_certs(struct haproxy *haproxy, bool whole, bool (*visit)(void *ctx,
    const struct haproxy_cert *cert), void *ctx, struct err *err)
{
	struct bld answer;
	struct span rest;
	bool more = true;
	char *line;
	int r;

	bld_init(&answer, HAPROXY_SOCKET_ANSWER_MAX);
	r = haproxy_socket_ask(haproxy->socket, "show ssl cert", SPAN_NONE,
	    &answer, err);
	rest = bld_view(&answer);
	for (size_t i = 0; r == 0 && more && i < HAPROXY_CERTS_MAX &&
	    (line = haproxy_answer_line(&haproxy->arena, &rest)) != NULL; i++) {
		struct haproxy_cert cert = { .file = line };

		if (line[0] == '*') /* in a transaction of somebody */
			continue;
		r = whole ? read_cert(haproxy, &cert, err) : 0;
		more = r == 0 && visit(ctx, &cert);
	}
	bld_free(&answer);
	return r;
}

/* HAProxy takes an empty line as the end of it. */
static void
put_payload(struct bld *out, struct span pem)
{
	for (size_t i = 0; i < pem.len; i++)
		if (pem.data[i] != '\r' && (pem.data[i] != '\n' ||
		    (out->len > 0 && out->data[out->len - 1] != '\n')))
			bld_u8(out, pem.data[i]);
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		bld_u8(out, '\n');
}

/* The OCSP response beside the file on disk, which HAProxy would load with
 * it. It wants none that has run out; then it goes without. */
static void
set_ocsp(const struct haproxy *haproxy, const char *file)
{
	char path[CHANGE_PATH_SIZE + 8], command[CHANGE_PATH_SIZE + 32];
	unsigned char *text;
	struct err err = ERR_INIT;
	struct bld der;
	int len;

	bld_init(&der, OCSP_MAX);
	snprintf(path, sizeof(path), "%s.ocsp", file);
	if (change_read(path, &der, NULL) == 0 && der.len > 0) {
		text = mem_alloc(der.len / 3 * 4 + 8);
		len = EVP_EncodeBlock(text, der.data, (int)der.len);
		text[len++] = '\n';
		snprintf(command, sizeof(command), "set ssl cert %s", path);
		if (haproxy_socket_tell(haproxy->socket, command,
		    span_of(text, (size_t)len), "ransaction", &err) < 0)
			log_err(LOG_WARNING, "ocsp-refused", &err);
		free(text);
	}
	bld_free(&der);
}

int
haproxy_set(const struct haproxy *haproxy, const char *file, struct span pem,
    struct err *err)
{
	char command[CHANGE_PATH_SIZE];
	struct bld payload;
	int r;

	bld_init_secret(&payload, HAPROXY_PEM_MAX);
	put_payload(&payload, pem);
	snprintf(command, sizeof(command), "set ssl cert %s", file);
	r = haproxy_socket_tell(haproxy->socket, command, bld_view(&payload),
	    "ransaction", err);
	bld_free(&payload);
	if (r < 0)
		return r;
	set_ocsp(haproxy, file);
	snprintf(command, sizeof(command), "commit ssl cert %s", file);
	r = haproxy_socket_tell(haproxy->socket, command, SPAN_NONE,
	    "Success", err);
	if (r < 0) {
		snprintf(command, sizeof(command), "abort ssl cert %s", file);
		haproxy_socket_tell(haproxy->socket, command, SPAN_NONE, "",
		    NULL);
	}
	return r;
}

/* Memory follows what the file on disk is now. */
static int
follow(const struct haproxy *haproxy, const char *file, struct err *err)
{
	struct bld pem;
	int r;

	bld_init_secret(&pem, HAPROXY_PEM_MAX);
	r = change_read(file, &pem, err);
	if (r == 0 && !haproxy_file_is_pem(bld_view(&pem)))
		r = err_set(err, ERR_CONFIG, NULL, "HAProxy says that there is "
		    "a certificate in %s, and there is none", file);
	if (r == 0)
		r = haproxy_set(haproxy, file, bld_view(&pem), err);
	bld_free(&pem);
	return r;
}

int
haproxy_forget(const struct haproxy *haproxy, const char *list,
    const char *file, struct err *err)
{
	char command[CHANGE_PATH_SIZE * 2 + 64];
	int r;

	snprintf(command, sizeof(command), "del ssl crt-list %s %s", list,
	    file);
	r = haproxy_socket_tell(haproxy->socket, command, SPAN_NONE,
	    "deleted", err);
	snprintf(command, sizeof(command), "del ssl cert %s", file);
	return r < 0 ? r : haproxy_socket_tell(haproxy->socket, command,
	    SPAN_NONE, "deleted", err);
}

struct follow_all {
	struct haproxy *haproxy;
	struct err *err;
	int r;
};

static bool
follow_one(void *ctx, const struct haproxy_cert *cert)
{
	struct follow_all *all = ctx;
	char folder[CHANGE_PATH_SIZE];

	if (cert->file[0] != '/')
		return true;
	if (access(cert->file, F_OK) == 0) {
		all->r = follow(all->haproxy, cert->file, all->err);
	} else {
		snprintf(folder, sizeof(folder), "%s", cert->file);
		*strrchr(folder, '/') = '\0';
		haproxy_forget(all->haproxy, folder, cert->file, NULL);
	}
	return all->r == 0;
}

int
haproxy_repair(struct haproxy *haproxy, struct err *err)
{
	struct follow_all all = { .haproxy = haproxy, .err = err };
	int r = change_undo(&haproxy->change, err);

	if (r == 0)
		r = haproxy_certs(haproxy, false, follow_one, &all, err);
	r = r == 0 ? all.r : r;
	return r < 0 ? err_prefix(err, "what an earlier run left cannot be "
	    "taken back") : 0;
}

struct search {
	const struct server_cert *cert;
	bool rsa;
	char combined[CHANGE_PATH_SIZE];
	char file[CHANGE_PATH_SIZE];     /* found; empty: none */
};

/* Its file is ours already, or all its names are the site's. */
static bool
match(void *ctx, const struct haproxy_cert *cert)
{
	struct search *search = ctx;
	size_t known = 0;

	for (size_t i = 0; i < cert->num_names; i++)
		for (size_t j = 0; j < search->cert->names->count; j++)
			known += strcasecmp(cert->names[i],
			    search->cert->names->items[j]) == 0;
	if (strcmp(cert->file, search->combined) != 0 &&
	    (known == 0 || known != cert->num_names ||
	    cert->rsa != search->rsa || cert->file[0] != '/'))
		return true;
	snprintf(search->file, sizeof(search->file), "%s", cert->file);
	return false;
}

int
haproxy_see(const struct haproxy *haproxy, const struct server_cert *cert,
    const struct look_leaf *leaf, bool served, struct err *err)
{
	uint8_t hash[LOOK_HASH_SIZE];

	for (size_t i = 0; i < cert->names->count; i++) {
		const char *name = cert->names->items[i];
		bool seen = false;

		for (size_t j = 0; j < haproxy->num_at && !seen; j++)
			seen = look_tls(&haproxy->at[j], name[0] == '*' ?
			    name + 2 : name, leaf->rsa, hash, NULL) == 0 &&
			    memcmp(hash, leaf->hash, sizeof(hash)) == 0;
		if (seen != served)
			return err_set(err, ERR_TLS, NULL, "HAProxy %s "
			    "%s with the %s certificate on %s of its %zu "
			    "addresses", served ? "serves" : "still serves",
			    name, served ? "new" : "removed", served ?
			    "none" : "one", haproxy->num_at);
	}
	return 0;
}

/* The site's OCSP response beside the file, or none. */
static int
write_ocsp(struct haproxy *haproxy, const struct server_cert *cert,
    const char *file, struct err *err)
{
	char from[CHANGE_PATH_SIZE], to[CHANGE_PATH_SIZE];
	struct bld der;
	int r;

	snprintf(from, sizeof(from), "%s/combined.pem.ocsp", cert->folder);
	if (snprintf(to, sizeof(to), "%s" HAPROXY_OCSP, file) >=
	    (int)sizeof(to))
		return 0;
	bld_init(&der, OCSP_MAX);
	if (change_read(from, &der, NULL) == 0) {
		r = remember_put(&haproxy->change, cert->site, to,
		    bld_view(&der), err);
		if (r == 0)
			r = change_write(&haproxy->change, to, bld_view(&der),
			    0644, err);
	} else {
		r = access(to, F_OK) == 0 ? change_remove(&haproxy->change, to,
		    err) : 0;
	}
	bld_free(&der);
	return r;
}

/* Replaces one that is loaded; its file on disk, too. */
static int
replace(struct haproxy *haproxy, const struct search *search,
    struct span pem, const struct look_leaf *leaf, struct err *err)
{
	bool ours = strcmp(search->file, search->combined) == 0;
	struct err why = ERR_INIT;
	int r = ours ? 0 : haproxy_file_check(search->file,
	    search->cert->names, err);

	if (r < 0)
		return r;
	if (!ours)
		r = remember_put(&haproxy->change, search->cert->site,
		    search->file, pem, err);
	if (r == 0 && !ours)
		r = change_write(&haproxy->change, search->file, pem, 0600,
		    err);
	if (r == 0 && !ours)
		r = write_ocsp(haproxy, search->cert, search->file, err);
	if (r == 0)
		r = haproxy_set(haproxy, search->file, pem, err);
	if (r == 0)
		r = haproxy_see(haproxy, search->cert, leaf, true, err);
	if (r == 0) {
		change_keep(&haproxy->change);
		return 0;
	}
	if (haproxy->change.count > 0 && (change_undo(&haproxy->change,
	    &why) < 0 || follow(haproxy, search->file, &why) < 0))
		err_prefix(err, "and %s could not be taken back (%.150s)",
		    search->file, why.text);
	return r;
}

int
haproxy_lists(struct haproxy *haproxy, bool (*visit)(void *ctx,
    const char *list, bool folder), void *ctx, struct err *err)
{
	struct bld answer;
	struct span rest;
	struct stat st;
	const char *line;
	int r;

	bld_init(&answer, HAPROXY_SOCKET_ANSWER_MAX);
	r = haproxy_socket_ask(haproxy->socket, "show ssl crt-list",
	    SPAN_NONE, &answer, err);
	rest = bld_view(&answer);
	while (r == 0 && (line = haproxy_answer_line(&haproxy->arena,
	    &rest)) != NULL)
		if (line[0] == '/' && stat(line, &st) == 0 &&
		    !visit(ctx, line, S_ISDIR(st.st_mode)))
			break;
	bld_free(&answer);
	return r;
}

struct place {
	char list[CHANGE_PATH_SIZE];
	bool folder;
};

/* The first list: a folder before a file. */
static bool
take_list(void *ctx, const char *list, bool folder)
{
	struct place *place = ctx;

	if (place->list[0] == '\0' || folder) {
		snprintf(place->list, sizeof(place->list), "%s", list);
		place->folder = folder;
	}
	return !folder;
}

/* On disk: a file of its own in a folder, or a line in a list. */
static int
write_new(struct haproxy *haproxy, const char *list, bool folder,
    const char *file, const struct row_list *names, struct span pem,
    struct err *err)
{
	struct bld text;
	int r = 0;

	if (folder)
		r = access(file, F_OK) < 0 ? 0 : haproxy_file_check(file,
		    names, err);
	if (folder)
		return r < 0 ? r : change_write(&haproxy->change, file, pem,
		    0600, err);
	bld_init(&text, CHANGE_FILE_MAX);
	r = change_read(list, &text, err);
	if (r == 0)
		r = haproxy_file_check_list(list, bld_view(&text), err);
	if (r == 0) {
		if (text.len > 0 && text.data[text.len - 1] != '\n')
			bld_u8(&text, '\n');
		bld_fmt(&text, "%s\n", file);
		r = change_write(&haproxy->change, list, bld_view(&text), 0644,
		    err);
	}
	bld_free(&text);
	return r;
}

static int
add_new(struct haproxy *haproxy, const char *list, const char *file,
    struct span pem, struct err *err)
{
	char command[CHANGE_PATH_SIZE * 2 + 64];
	int r;

	snprintf(command, sizeof(command), "new ssl cert %s", file);
	r = haproxy_socket_tell(haproxy->socket, command, SPAN_NONE, "New",
	    err);
	if (r == 0)
		r = haproxy_set(haproxy, file, pem, err);
	if (r < 0)
		return r;
	snprintf(command, sizeof(command), "add ssl crt-list %s %s", list,
	    file);
	return haproxy_socket_tell(haproxy->socket, command, SPAN_NONE,
	    "Success", err);
}

static int
add(struct haproxy *haproxy, const struct search *search, struct span pem,
    const struct look_leaf *leaf, struct err *err)
{
	struct place place = { .folder = false };
	const char *list = place.list;
	char file[CHANGE_PATH_SIZE + 256];
	int r = haproxy_lists(haproxy, take_list, &place, err);

	if (r == 0 && list[0] == '\0')
		r = err_set(err, ERR_CONFIG, NULL, "HAProxy has no folder or "
		    "list of certificates; write once into its configuration: "
		    "bind :443 ssl crt /etc/haproxy/certs/");
	if (r < 0)
		return r;
	if (place.folder)
		snprintf(file, sizeof(file), "%s/%s.pem", list,
		    search->cert->site);
	else
		snprintf(file, sizeof(file), "%s", search->combined);
	if (place.folder)
		r = remember_put(&haproxy->change, search->cert->site, file,
		    pem, err);
	if (r == 0)
		r = write_new(haproxy, list, place.folder, file,
		    search->cert->names, pem, err);
	if (r == 0 && place.folder)
		r = write_ocsp(haproxy, search->cert, file, err);
	if (r == 0)
		r = add_new(haproxy, list, file, pem, err);
	if (r == 0)
		r = haproxy_see(haproxy, search->cert, leaf, true, err);
	if (r < 0) {
		haproxy_forget(haproxy, list, file, NULL);
		change_undo(&haproxy->change, NULL);
	} else {
		change_keep(&haproxy->change);
	}
	return r;
}

/* What is live, and in which of its files HAProxy has it. For pem give one of
 * bld_init_secret. */
static int
find(struct haproxy *haproxy, struct search *search, struct bld *pem,
    struct look_leaf *leaf, struct err *err)
{
	char file[CHANGE_PATH_SIZE];
	int r;

	snprintf(file, sizeof(file), "%s/cert.pem", search->cert->folder);
	snprintf(search->combined, sizeof(search->combined),
	    "%s/combined.pem", search->cert->folder);
	r = look_leaf_read(file, leaf, err);
	if (r == 0)
		r = change_read(search->combined, pem, err);
	search->rsa = leaf->rsa;
	return r < 0 ? r : haproxy_certs(haproxy, true, match, search, err);
}

int
haproxy_is_stale(struct haproxy *haproxy, const struct server_cert *cert,
    bool *ret, struct err *err)
{
	struct search search = { .cert = cert };
	struct look_leaf leaf = { .rsa = false };
	struct bld pem, there;
	int r;

	bld_init_secret(&pem, HAPROXY_PEM_MAX);
	bld_init_secret(&there, HAPROXY_PEM_MAX);
	r = find(haproxy, &search, &pem, &leaf, err);
	if (r == 0)
		*ret = search.file[0] == '\0' ||
		    change_read(search.file, &there, NULL) < 0 ||
		    !span_equal(bld_view(&pem), bld_view(&there));
	bld_free(&pem);
	bld_free(&there);
	return r;
}

int
haproxy_install(void *self, const struct server_cert *cert, struct err *err)
{
	struct haproxy *haproxy = self;
	struct search search = { .cert = cert };
	struct look_leaf leaf = { .rsa = false };
	struct bld pem;
	int r;

	bld_init_secret(&pem, HAPROXY_PEM_MAX);
	r = find(haproxy, &search, &pem, &leaf, err);
	if (r == 0)
		r = search.file[0] != '\0' ? replace(haproxy, &search,
		    bld_view(&pem), &leaf, err) : add(haproxy, &search,
		    bld_view(&pem), &leaf, err);
	bld_free(&pem);
	return r;
}
