/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/config.h"

#include "base/file.h"
#include "base/mem.h"
#include "conf/config_rows.h"
#include "conf/config_text.h"
#include "conf/config_value.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

/* Defaults are texts of our own table: one that is refused is a bug. */
static void
set_default(struct config *config, const struct config_row *row,
    const char *base)
{
	struct err err = ERR_INIT;

	if (config_value_set(config, row, row->def, base, &err) == 0)
		return;
	fprintf(stderr, "signet: default of %s: %s\n", row->key, err.text);
	abort();
}

void
config_init(struct config *config)
{
	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (row->def != NULL && row->kind != CONFIG_PATH)
			set_default(config, row, NULL);
	}
}

void
config_set_directory(struct config *config, const char *directory)
{
	if (directory != config->directory) {
		free(config->directory);
		config->directory = mem_strdup(directory);
	}
	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];
		char *const *at = (char *const *)((char *)config + row->offset);

		if (row->kind == CONFIG_PATH && row->def != NULL && *at == NULL)
			set_default(config, row, config->directory);
	}
}

/* The form first, and then what the kind of value asks for. */
static int
set_checked(struct config *config, const struct config_row *row,
    const char *text, const char *base, struct err *err)
{
	int r = 0;

	/* The setter refuses what is too long for any form. */
	if (strlen(text) < CONFIG_TEXT_MAX)
		r = config_form_check(row->check, text, err);
	return r < 0 ? r : config_value_set(config, row, text, base, err);
}

int
config_add(struct config *config, const char *key, const char *text,
    struct err *err)
{
	for (size_t i = 0; i < config_rows_count; i++) {
		if (strcmp(config_rows[i].key, key) == 0)
			return set_checked(config, &config_rows[i], text, ".",
			    err);
	}
	return err_set(err, ERR_CONFIG, NULL, "there is no key %s", key);
}

int
config_set(struct config *config, const char *key, const char *text,
    struct err *err)
{
	for (size_t i = 0; i < config_rows_count; i++) {
		if (strcmp(config_rows[i].key, key) == 0)
			config_value_clear(config, &config_rows[i]);
	}
	return config_add(config, key, text, err);
}

struct reading {
	struct config *config;
	struct config_errors *errors;
	char base[PATH_MAX]; /* the file's folder */
};

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((*text > 0 && *text < ' ') || *text == 0x7f)
			return true;
	}
	return false;
}

static void
on_word(void *ctx, const struct config_word *word)
{
	struct reading *reading = ctx;
	int *line = &reading->config->lines[word->row - config_rows];
	struct err err = ERR_INIT;

	if (word->first && *line != 0) {
		config_errors_add(reading->errors, word->line, word->row->key,
		    "it is already set in line %d; remove one of the two",
		    *line);
		return;
	}
	if (!word->first && word->row->kind != CONFIG_LIST) {
		config_errors_add(reading->errors, word->line, word->row->key,
		    "it takes one value, not a list; write %s = \"value\"",
		    word->row->key);
		return;
	}
	/* The first element replaces the default. */
	if (word->first)
		config_value_clear(reading->config, word->row);
	*line = *line == 0 ? word->line : *line;
	if (has_control(word->value))
		err_set(&err, ERR_CONFIG, NULL, "the value has a control "
		    "character; remove it");
	else
		set_checked(reading->config, word->row, word->value,
		    reading->base, &err);
	if (err.kind != ERR_NONE)
		config_errors_add(reading->errors, word->line, word->row->key,
		    "%s", err.text);
}

static void
check_required(struct reading *reading)
{
	const struct config *config = reading->config;

	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (row->required && config->lines[i] == 0)
			config_errors_add(reading->errors, 0, row->key, "it is "
			    "not set; add %s = VALUE with %s", row->key,
			    row->form);
	}
}

/* The first mistake as an error, for those who have room for one only. */
static int
first_error(const char *file, const struct config_errors *errors,
    struct err *err)
{
	const struct config_error *first = &errors->items[0];
	char more[64] = "";

	if (errors->count > 1)
		snprintf(more, sizeof(more), " (and %zu more: see `signetd "
		    "check`)", errors->count - 1);
	return err_set(err, ERR_CONFIG, NULL, "%s:%d: %s%s%s%s", file,
	    first->line, first->key, first->key[0] == '\0' ? "" : ": ",
	    first->text, more);
}

int
config_parse(struct span text, const char *file, struct config *ret,
    struct config_errors *errors, struct err *err)
{
	struct reading reading = { .config = ret, .errors = errors };
	const char *slash = strrchr(file, '/');
	char *copy = mem_alloc(text.len + 1);

	config_init(ret);
	ret->file = mem_strdup(file);
	snprintf(reading.base, sizeof(reading.base), "%.*s",
	    slash == NULL || slash == file ? 1 : (int)(slash - file),
	    slash == NULL ? "." : file);
	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (text.len > CONFIG_FILE_MAX) {
		config_errors_add(errors, 0, "", "the file is longer than %d "
		    "bytes; is it the right one?", CONFIG_FILE_MAX);
	} else if (strlen(copy) != text.len) {
		config_errors_add(errors, 0, "", "the file has NUL bytes; is "
		    "it the right one?");
	} else if (config_text_clean(copy, errors) == 0) {
		config_text_parse(copy, on_word, &reading, errors);
		check_required(&reading);
	}
	free(copy);
	config_set_directory(ret, ret->directory == NULL ? reading.base :
	    ret->directory);
	if (errors->count == 0)
		return 0;
	config_free(ret);
	return first_error(file, errors, err);
}

int
config_read(const char *file, struct config *ret,
    struct config_errors *errors, struct err *err)
{
	char path[PATH_MAX];
	struct bld text;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (realpath(file, path) == NULL)
		return err_errno(err, "cannot open %s", file);
	bld_init(&text, CONFIG_FILE_MAX);
	r = file_read(AT_FDCWD, path, 0, &text, err);
	if (r == 0)
		r = config_parse(bld_view(&text), path, ret, errors, err);
	bld_free(&text);
	return r;
}
