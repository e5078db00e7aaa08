/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sites and CAs between configuration, command line and state.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/judge/judge_private.h"

#define OPTIONS_SIZE_MAX 262144 /* bytes of what one site says */
#define STAMP "signet.conf" /* keys of state_meta */
#define DEFAULTS "defaults"

/* Another value of these makes another certificate. */
static const char *const reissue_keys[] = {
	"names", "must_staple", "csr", "profile"
};

int
judge_find_authority(struct judge *judge, const char *name,
    struct authority *ret, struct err *err)
{
	struct state_authority row;
	struct arena arena = { 0 };
	struct err none = ERR_INIT;
	int r;

	r = state_authority_get(judge->state, span_str(name), &arena, &row,
	    &none);
	if (r == 0) {
		*ret = (struct authority){ .name = mem_strdup(name) };
		r = row_parse_all(row.options, authority_rows, ret, err);
		if (r < 0)
			authority_done(ret);
	} else if (r == -(int)ERR_NOT_FOUND) {
		r = authority_init(ret, name, err);
	} else {
		*err = none;
	}
	arena_free(&arena);
	return r;
}

int
judge_set_authority(struct judge *judge, const struct authority *authority,
    enum state_origin origin, struct err *err)
{
	struct state_authority row = { .origin = origin,
	    .name = span_str(authority->name) };
	struct bld options;
	int r;

	bld_init(&options, OPTIONS_SIZE_MAX);
	row_put_all(&options, authority_rows, authority);
	row.options = bld_view(&options);
	r = state_authority_set(judge->state, &row, err);
	bld_free(&options);
	return r;
}

int
judge_read_site(const struct state_site *row, struct site_conf *ret,
    struct err *err)
{
	char name[SITE_CONF_NAME_MAX + 1];
	int r;

	*ret = (struct site_conf){ 0 };
	snprintf(name, sizeof(name), "%.*s", SPAN_FMT(row->name));
	ret->name = mem_strdup(name);
	r = row_parse_all(row->options, site_conf_rows, ret, err);
	site_conf_complete(ret);
	if (r < 0) {
		err_prefix(err, "the state of %s", name);
		site_conf_done(ret);
	}
	return r;
}

static bool
same_value(const struct site_conf *a, const struct site_conf *b,
    const char *key)
{
	const struct row one[] = {
		*row_find(site_conf_rows, key), { .key = NULL }
	};
	struct bld text_a, text_b;
	bool same;

	bld_init(&text_a, OPTIONS_SIZE_MAX);
	bld_init(&text_b, OPTIONS_SIZE_MAX);
	row_put_all(&text_a, one, a);
	row_put_all(&text_b, one, b);
	same = span_equal(bld_view(&text_a), bld_view(&text_b));
	bld_free(&text_a);
	bld_free(&text_b);
	return same;
}

static bool
needs_reissue(const struct site_conf *old, const struct site_conf *new)
{
	for (size_t i = 0; i < sizeof(reissue_keys) / sizeof(reissue_keys[0]);
	    i++) {
		if (!same_value(old, new, reissue_keys[i]))
			return true;
	}
	return false;
}

/* The types of key that it has; 0 for that of a request from outside. */
static size_t
key_types(const struct site_conf *site, int ret[STATE_CERTS_PER_SITE])
{
	size_t n = 0;

	if (site->csr != NULL) {
		ret[0] = 0;
		return 1;
	}
	for (size_t i = 0; i < site->key.count && n < STATE_CERTS_PER_SITE;
	    i++)
		ret[n++] = (int)site_key_type_from_name(
		    span_str(site->key.items[i]));
	return n;
}

/* One certificate's row after its site has changed. */
static int
update_cert(struct judge *judge, int64_t cert_id, const int *types,
    size_t num_types, bool reissue, struct err *err)
{
	struct arena arena = { 0 };
	struct state_cert cert = { 0 };
	size_t i = 0;
	int r = state_cert_get(judge->state, cert_id, &arena, &cert, err);

	while (r == 0 && i < num_types && types[i] != cert.key_type)
		i++;
	if (r == 0 && i == num_types) {
		r = state_cert_del(judge->state, cert_id, err);
	} else if (r == 0) {
		cert.second = i > 0;
		if (reissue && cert.not_after != 0) {
			cert.renew_at = 0;
			cert.reason = STATE_REASON_FORCED;
		}
		/* What failed may be what was changed. */
		cert.retry_at = 0;
		cert.due_at = 0;
		r = state_cert_set(judge->state, &cert, err);
	}
	arena_free(&arena);
	return r;
}

static int
update_certs(struct judge *judge, int64_t site_id,
    const struct site_conf *site, bool reissue, struct err *err)
{
	int64_t ids[STATE_CERTS_PER_SITE];
	int types[STATE_CERTS_PER_SITE], r;
	size_t num_types = key_types(site, types), count;

	r = state_cert_list(judge->state, site_id, ids, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = update_cert(judge, ids[i], types, num_types, reissue, err);
	for (size_t i = 0; r == 0 && i < num_types; i++)
		r = state_cert_add(judge->state, site_id, types[i], i > 0,
		    err);
	return r;
}

/* What the row says already; all unset if there is none. */
static int
read_old(struct judge *judge, const char *name, struct arena *arena,
    struct site_conf *ret, bool *ret_exists, struct span *ret_options,
    struct err *err)
{
	struct state_site row;
	int r = state_site_get(judge->state, span_str(name), arena, &row, err);

	*ret = (struct site_conf){ 0 };
	*ret_exists = r == 0;
	*ret_options = r == 0 ? row.options : SPAN_NONE;
	if (r == -(int)ERR_NOT_FOUND) {
		err->kind = ERR_NONE;
		return 0;
	}
	return r < 0 ? r : judge_read_site(&row, ret, err);
}

static int
set_site(struct judge *judge, const struct site_conf *site,
    enum state_origin origin, int64_t *ret_id, struct err *err)
{
	struct state_site row = { .origin = origin,
	    .name = span_str(site->name) };
	struct site_conf old;
	struct arena arena = { 0 };
	struct span old_options;
	struct bld options;
	bool exists;
	int r;

	bld_init(&options, OPTIONS_SIZE_MAX);
	row_put_all(&options, site_conf_rows, site);
	row.options = bld_view(&options);
	r = read_old(judge, site->name, &arena, &old, &exists, &old_options,
	    err);
	if (r == 0)
		r = state_site_set(judge->state, &row, err);
	if (r == 0 && (!exists || !span_equal(old_options, row.options)))
		r = update_certs(judge, row.id, site,
		    exists && needs_reissue(&old, site), err);
	*ret_id = row.id;
	site_conf_done(&old);
	bld_free(&options);
	arena_free(&arena);
	return r;
}

int
judge_set_defaults(struct judge *judge, struct site_conf *site,
    struct err *err)
{
	struct site_conf defaults = { 0 };
	struct arena arena = { 0 };
	struct span text;
	int r = state_meta_get(judge->state, DEFAULTS, &arena, &text, err);

	if (r == 0)
		r = row_parse_all(text, site_conf_rows, &defaults, err);
	if (r == 0)
		row_inherit(site_conf_rows, site, &defaults);
	site_conf_done(&defaults);
	arena_free(&arena);
	return r;
}

int
judge_set_site(struct judge *judge, const struct site_conf *site,
    enum state_origin origin, int64_t *ret_id, struct err *err)
{
	int r;

	/* A rehearsal is one transaction as a whole, and undone. */
	if (judge->options.dry_run)
		return set_site(judge, site, origin, ret_id, err);
	r = state_begin(judge->state, err);
	if (r == 0)
		r = state_end(judge->state,
		    set_site(judge, site, origin, ret_id, err), err);
	return r;
}

/* ---- signet.conf -------------------------------------------------------- */

static bool
has_site(const struct settings *settings, struct span name)
{
	for (size_t i = 0; i < settings->num_sites; i++) {
		if (span_equal_str(name, settings->sites[i].name))
			return true;
	}
	return false;
}

/* Sites that the file no longer names are forgotten; their files stay. */
static int
forget_sites(struct judge *judge, const struct settings *settings,
    struct err *err)
{
	struct arena arena = { 0 };
	struct state_site row = { 0 };
	int r;

	while ((r = state_site_next(judge->state, row.name, &arena, &row,
	    err)) == 0) {
		if (row.origin == STATE_FROM_FILE &&
		    !has_site(settings, row.name) &&
		    (r = state_site_del(judge->state, row.id, err)) < 0)
			break;
	}
	arena_free(&arena);
	if (r != -(int)ERR_NOT_FOUND)
		return r;
	err->kind = ERR_NONE;
	return 0;
}

static int
apply(struct judge *judge, const struct settings *settings, struct err *err)
{
	struct bld defaults;
	int64_t id;
	int r = state_authority_del_file(judge->state, err);

	bld_init(&defaults, OPTIONS_SIZE_MAX);
	row_put_all(&defaults, site_conf_rows, &settings->defaults);
	if (r == 0)
		r = state_meta_set(judge->state, DEFAULTS, bld_view(&defaults),
		    err);
	bld_free(&defaults);
	for (size_t i = 0; r == 0 && i < settings->num_authorities; i++)
		r = judge_set_authority(judge, &settings->authorities[i],
		    STATE_FROM_FILE, err);
	for (size_t i = 0; r == 0 && i < settings->num_sites; i++)
		r = set_site(judge, &settings->sites[i], STATE_FROM_FILE, &id,
		    err);
	return r < 0 ? r : forget_sites(judge, settings, err);
}

/* Who has made several shall not meet them one by one. */
static int
tell_mistakes(struct judge *judge, const struct config_errors *errors,
    struct err *err)
{
	const char *file = judge->options.config_file;
	struct bld text;
	struct span lines;

	bld_init(&text, sizeof(errors->items) + CONFIG_ERRORS_MAX * PATH_MAX);
	settings_put_errors(&text, file, errors);
	for (lines = bld_view(&text); lines.len > 0;) {
		struct span line = span_cut(&lines, '\n');

		judge_say(judge, JUDGE_FAIL, NULL, "%.*s", SPAN_FMT(line));
	}
	bld_free(&text);
	return err_set(err, ERR_CONFIG, NULL, "%s has %zu mistakes, and "
	    "nothing of it is taken until they are corrected", file,
	    errors->count);
}

static int
apply_file(struct judge *judge, struct span stamp, struct err *err)
{
	struct config_errors errors = { 0 };
	struct settings settings = { 0 };
	int r = 0;

	/* No stamp: the file is gone, and so is all that it said. */
	if (stamp.len > 0)
		r = settings_read(judge->options.config_file, &settings,
		    &errors, err);
	if (errors.count > 1)
		r = tell_mistakes(judge, &errors, err);
	if (r == 0)
		r = state_begin(judge->state, err);
	if (r == 0) {
		r = apply(judge, &settings, err);
		if (r == 0)
			r = state_meta_set(judge->state, STAMP, stamp, err);
		r = state_end(judge->state, r, err);
	}
	settings_done(&settings);
	return r;
}

static int
make_stamp(const char *file, char *out, size_t size, struct err *err)
{
	struct stat st;

	out[0] = '\0';
	if (file == NULL)
		return 0;
	if (stat(file, &st) < 0)
		return errno == ENOENT && strcmp(file, SETTINGS_FILE) == 0 ?
		    0 : err_errno(err, "cannot read %s", file);
	snprintf(out, size, "%s %" PRIu64 " %" PRId64 " %" PRId64 ".%09ld",
	    file, (uint64_t)st.st_ino, (int64_t)st.st_size,
	    (int64_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return 0;
}

int
judge_sync(struct judge *judge, struct err *err)
{
	char stamp[2048];
	struct arena arena = { 0 };
	struct span known = SPAN_NONE;
	int r = make_stamp(judge->options.config_file, stamp, sizeof(stamp),
	    err);

	if (r == 0)
		r = state_meta_get(judge->state, STAMP, &arena, &known, err);
	if (r == 0 && !span_equal_str(known, stamp))
		r = apply_file(judge, span_str(stamp), err);
	arena_free(&arena);
	return r;
}
