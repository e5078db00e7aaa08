/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/conf/settings.h"

#include "agent/conf/form.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "conf/config_text.h"

#include <assert.h>
#include <confuse.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#define OPTIONS_MAX 32 /* keys of one block */

/*
 * libconfuse's callbacks get no context of ours, and its scanner is global
 * anyway: one parse at a time.
 */
static struct parse {
	struct settings *settings;
	struct config_errors *errors;
	char base[PATH_MAX];     /* the file's folder */
	const cfg_t *section;    /* that the last word stood in */
	void *object;            /* and what it is about */
	const struct row *rows;
	unsigned long long seen; /* rows that the block has set */
} *running;
_Static_assert(OPTIONS_MAX <= 8 * sizeof(unsigned long long), "seen");

static struct site_conf *
add_site(struct settings *settings, const char *name)
{
	settings->sites = mem_realloc(settings->sites,
	    (settings->num_sites + 1) * sizeof(settings->sites[0]));
	settings->sites[settings->num_sites] =
	    (struct site_conf){ .name = mem_strdup(name) };
	return &settings->sites[settings->num_sites++];
}

/* What is known of the CA stays what it is unless the block says otherwise. */
static struct authority *
add_authority(struct settings *settings, const char *name)
{
	struct authority *ret;

	settings->authorities = mem_realloc(settings->authorities,
	    (settings->num_authorities + 1) *
	    sizeof(settings->authorities[0]));
	ret = &settings->authorities[settings->num_authorities++];
	if (authority_init(ret, name, NULL) != 0)
		ret->name = mem_strdup(name);
	return ret;
}

static void
enter(const cfg_t *section, const char *title)
{
	struct err err = ERR_INIT;

	running->section = section;
	running->seen = 0;
	running->rows = site_conf_rows;
	if (strcmp(cfg_name(mem_unconst(section)), "defaults") == 0) {
		running->object = &running->settings->defaults;
	} else if (strcmp(cfg_name(mem_unconst(section)), "ca") == 0) {
		running->rows = authority_rows;
		running->object = add_authority(running->settings, title);
	} else {
		if (site_conf_check_name(title, &err) != 0)
			config_errors_add(running->errors, section->line,
			    "site", "%s", err.text);
		running->object = add_site(running->settings, title);
	}
}

static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const char *title = cfg_title(cfg);
	struct err err = ERR_INIT;
	const struct row *row;
	bool first = opt->nvalues == 1;

	*(void **)result = NULL;
	if (cfg != running->section)
		enter(cfg, title == NULL ? "" : title);
	row = row_find(running->rows, opt->name);
	assert(row != NULL);
	if (first && running->seen >> (row - running->rows) & 1)
		err_set(&err, ERR_CONFIG, NULL, "it is already set above; "
		    "remove one of the two");
	else if (!first && row->kind != ROW_LIST)
		err_set(&err, ERR_CONFIG, NULL, "it takes one value, not a "
		    "list; write %s = \"value\"", row->key);
	else if (first)
		row_clear(row, running->object);
	running->seen |= 1ULL << (row - running->rows);
	if (err.kind == ERR_NONE)
		row_set(row, running->object, value, running->base, &err);
	if (err.kind != ERR_NONE)
		config_errors_add(running->errors, cfg->line, row->key, "%s",
		    err.text);
	return 0;
}

static void
unknown(const cfg_t *cfg, const char *key)
{
	const char *name = cfg_name(mem_unconst(cfg)), *nearest;
	char shown[CONFIG_KEY_SIZE];

	text_printable(shown, sizeof(shown), span_str(key));
	if (strcmp(name, "root") == 0) {
		config_errors_add(running->errors, cfg->line, shown, "it "
		    "cannot stand here; put it into site \"NAME\" { ... }, "
		    "ca \"NAME\" { ... } or defaults { ... }");
		return;
	}
	nearest = row_nearest(strcmp(name, "ca") == 0 ? authority_rows :
	    site_conf_rows, key);
	if (nearest != NULL)
		config_errors_add(running->errors, cfg->line, shown,
		    "there is no such key; did you mean %s?", nearest);
	else
		config_errors_add(running->errors, cfg->line, shown,
		    "there is no such key; remove it, or see "
		    "signet.conf(5) for all that there are");
}

static void __attribute__((format(printf, 2, 0)))
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char what[ROW_TEXT_MAX], shown[ROW_TEXT_MAX / 4];

	if (strncmp(fmt, "no such option", strlen("no such option")) == 0) {
		unknown(cfg, va_arg(ap, const char *));
		return;
	}
	vsnprintf(what, sizeof(what), fmt, ap);
	text_printable(shown, sizeof(shown), span_str(what));
	config_errors_add(running->errors, cfg->line, "", "%s; write key = "
	    "\"value\" or key = {\"value\", \"value\"} inside of site "
	    "\"NAME\" { ... }", shown);
}

/* All keys are lists of texts to libconfuse: rows know what they are, and say
 * it better. */
static void
make_options(const struct row *rows, cfg_opt_t *ret)
{
	size_t i;

	for (i = 0; rows[i].key != NULL; i++) {
		assert(i + 1 < OPTIONS_MAX);
		ret[i] = (cfg_opt_t)CFG_PTR_LIST_CB(rows[i].key, NULL,
		    CFGF_NODEFAULT, on_value, NULL);
	}
	ret[i] = (cfg_opt_t)CFG_END();
}

/* A block that says nothing gave no word. */
static void
add_empty(cfg_t *cfg)
{
	size_t next = 0;

	for (unsigned i = 0; i < cfg_size(cfg, "site"); i++) {
		cfg_t *section = cfg_getnsec(cfg, "site", i);

		if (next < running->settings->num_sites && strcmp(
		    running->settings->sites[next].name,
		    cfg_title(section)) == 0) {
			next++;
			continue;
		}
		enter(section, cfg_title(section));
	}
}

static void
parse_words(const char *text)
{
	cfg_opt_t of_site[OPTIONS_MAX], of_ca[OPTIONS_MAX];
	cfg_opt_t top[] = {
		CFG_SEC("ca", of_ca, CFGF_MULTI | CFGF_TITLE |
		    CFGF_NO_TITLE_DUPES),
		CFG_SEC("site", of_site, CFGF_MULTI | CFGF_TITLE |
		    CFGF_NO_TITLE_DUPES),
		CFG_SEC("defaults", of_site, CFGF_NONE),
		CFG_END()
	};
	cfg_t *cfg;

	make_options(site_conf_rows, of_site);
	make_options(authority_rows, of_ca);
	cfg = cfg_init(top, CFGF_NONE);
	if (cfg == NULL)
		abort(); /* out of memory */
	cfg_set_error_function(cfg, on_error);
	/* Its status says no more than on_error was told. */
	if (cfg_parse_buf(cfg, text) == CFG_SUCCESS)
		add_empty(cfg);
	cfg_free(cfg);
}

/* libconfuse takes the file's end for the end of a block. text is clean. */
static void
check_closed(const char *text, struct config_errors *errors)
{
	int line = 1, opened = 0, depth = 0;
	char quote = 0;

	for (; *text != '\0'; text++) {
		if (*text == '\n')
			line++;
		if (quote != 0 && *text == '\\')
			text++;
		else if (quote != 0)
			quote = *text == quote ? 0 : quote;
		else if (*text == '"' || *text == '\'')
			quote = *text;
		else if (*text == '{' && depth++ == 0)
			opened = line;
		else if (*text == '}')
			depth--;
	}
	if (depth > 0)
		config_errors_add(errors, opened, "", "the block that begins "
		    "here has no end; close it with }");
}

static void
check_authorities(struct settings *settings, struct config_errors *errors)
{
	for (size_t i = 0; i < settings->num_authorities; i++) {
		const struct authority *a = &settings->authorities[i];

		if (a->directory == NULL)
			config_errors_add(errors, 0, "ca", "\"%s\" has no "
			    "directory; add directory = \"https://...\" to "
			    "its block", a->name);
		if ((a->eab_kid == NULL) != (a->eab_key_file == NULL))
			config_errors_add(errors, 0, "ca", "\"%s\" has only "
			    "one of eab_kid and eab_key_file; add the other",
			    a->name);
	}
}

static bool
has_authority(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->num_authorities; i++) {
		if (strcmp(settings->authorities[i].name, name) == 0)
			return true;
	}
	return false;
}

static void
check_site(const struct settings *settings, const struct site_conf *site,
    struct config_errors *errors)
{
	struct authority known;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < site->ca.count; i++) {
		if (has_authority(settings, site->ca.items[i]))
			continue;
		if (authority_init(&known, site->ca.items[i], &err) == 0)
			authority_done(&known);
		else
			config_errors_add(errors, 0, "site", "\"%s\": %s",
			    site->name, err.text);
	}
	if (site->csr == NULL && site->names.count == 0 &&
	    form_ident(site->name, &err) != 0)
		config_errors_add(errors, 0, "site", "%s; or say with names "
		    "what site \"%s\" is for", err.text, site->name);
	if (site->csr != NULL && site->key.count > 0)
		config_errors_add(errors, 0, "site", "\"%s\" has csr and key, "
		    "but the request has its own key; remove one of the two",
		    site->name);
}

static int
first_error(const char *file, const struct config_errors *errors,
    struct err *err)
{
	const struct config_error *first = &errors->items[0];
	char line[32] = "", more[48] = "";

	if (first->line > 0)
		snprintf(line, sizeof(line), ":%d", first->line);
	if (errors->count > 1)
		snprintf(more, sizeof(more), " (and %zu more)",
		    errors->count - 1);
	return err_set(err, ERR_CONFIG, NULL, "%s%s: %s%s%s%s", file, line,
	    first->key, first->key[0] == '\0' ? "" : ": ", first->text, more);
}

int
settings_parse(struct span text, const char *file, struct settings *ret,
    struct config_errors *errors, struct err *err)
{
	struct parse parse = { .settings = ret, .errors = errors };
	const char *slash = strrchr(file, '/');
	cleanup_free char *copy = mem_alloc(text.len + 1);

	*ret = (struct settings){ 0 };
	snprintf(parse.base, sizeof(parse.base), "%.*s",
	    slash == NULL || slash == file ? 1 : (int)(slash - file),
	    slash == NULL ? "." : file);
	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	running = &parse;
	if (text.len > SETTINGS_FILE_MAX)
		config_errors_add(errors, 0, "", "the file is longer than %d "
		    "bytes; is it the right one?", SETTINGS_FILE_MAX);
	else if (strlen(copy) != text.len)
		config_errors_add(errors, 0, "", "the file has NUL bytes; is "
		    "it the right one?");
	else if (config_text_clean(copy, errors) == 0)
		check_closed(copy, errors);
	if (errors->count == 0)
		parse_words(copy);
	running = NULL;
	check_authorities(ret, errors);
	for (size_t i = 0; i < ret->num_sites; i++) {
		row_inherit(site_conf_rows, &ret->sites[i], &ret->defaults);
		check_site(ret, &ret->sites[i], errors);
		site_conf_complete(&ret->sites[i]);
	}
	if (errors->count == 0)
		return 0;
	settings_done(ret);
	return first_error(file, errors, err);
}

int
settings_read(const char *file, struct settings *ret,
    struct config_errors *errors, struct err *err)
{
	char path[PATH_MAX];
	struct bld text;
	int r;

	*ret = (struct settings){ 0 };
	if (realpath(file, path) == NULL)
		return err_errno(err, "cannot open %s", file);
	bld_init(&text, SETTINGS_FILE_MAX);
	r = file_read(AT_FDCWD, path, 0, &text, err);
	if (r == 0)
		r = settings_parse(bld_view(&text), path, ret, errors, err);
	bld_free(&text);
	return r;
}

void
settings_done(struct settings *settings)
{
	for (size_t i = 0; i < settings->num_authorities; i++)
		authority_done(&settings->authorities[i]);
	for (size_t i = 0; i < settings->num_sites; i++)
		site_conf_done(&settings->sites[i]);
	free(settings->authorities);
	free(settings->sites);
	site_conf_done(&settings->defaults);
	*settings = (struct settings){ 0 };
}

void
settings_put_errors(struct bld *out, const char *file,
    const struct config_errors *errors)
{
	for (size_t i = 0; i < errors->count; i++) {
		const struct config_error *e = &errors->items[i];

		bld_str(out, file);
		if (e->line > 0)
			bld_fmt(out, ":%d", e->line);
		bld_fmt(out, ": %s%s%s\n", e->key, e->key[0] == '\0' ? "" :
		    ": ", e->text);
	}
}
