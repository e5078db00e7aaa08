/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/conf/row.h"

#include "base/mem.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static void *
member(const struct row *row, void *object)
{
	return (char *)object + row->offset;
}

static const void *
member_const(const struct row *row, const void *object)
{
	return (const char *)object + row->offset;
}

const struct row *
row_find(const struct row *rows, const char *key)
{
	for (; rows->key != NULL; rows++) {
		if (strcmp(rows->key, key) == 0)
			return rows;
	}
	return NULL;
}

/* Levenshtein's distance, of short texts. */
static size_t
distance(const char *a, const char *b)
{
	enum { MAX = 32 };
	size_t line[MAX + 1], len_b = strlen(b), before, above;

	if (strlen(a) > MAX || len_b > MAX)
		return MAX;
	for (size_t j = 0; j <= len_b; j++)
		line[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		before = i - 1;
		line[0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			above = line[j];
			before += a[i - 1] != b[j - 1];
			if (above + 1 < before)
				before = above + 1;
			if (line[j - 1] + 1 < before)
				before = line[j - 1] + 1;
			line[j] = before;
			before = above;
		}
	}
	return line[len_b];
}

const char *
row_nearest(const struct row *rows, const char *key)
{
	const char *nearest = NULL;
	size_t least = 4, d;

	for (; rows->key != NULL; rows++) {
		d = distance(key, rows->key);
		if (d < least && d < strlen(rows->key)) {
			least = d;
			nearest = rows->key;
		}
	}
	return nearest;
}

bool
row_list_has(const struct row_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], text) == 0)
			return true;
	}
	return false;
}

void
row_list_add(struct row_list *list, const char *text)
{
	list->items = mem_realloc(list->items,
	    (list->count + 1) * sizeof(list->items[0]));
	list->items[list->count++] = mem_strdup(text);
}

char *
row_list_join(const struct row_list *list, char between, struct arena *arena)
{
	char *ret, *at;
	size_t size = 1;

	for (size_t i = 0; i < list->count; i++)
		size += strlen(list->items[i]) + 1;
	ret = at = arena_alloc(arena, size);
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			*at++ = between;
		at = stpcpy(at, list->items[i]);
	}
	*at = '\0';
	return ret;
}

void
row_list_clear(struct row_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct row_list){ 0 };
}

static int
set_path(char **at, const char *text, const char *base, struct err *err)
{
	char folder[PATH_MAX], path[2 * PATH_MAX];

	if (text[0] == '\0')
		return err_set(err, ERR_CONFIG, NULL, "the path is empty; give "
		    "one or leave the key away");
	if (base == NULL && getcwd(folder, sizeof(folder)) == NULL)
		return err_errno(err, "the working folder is gone");
	if (text[0] == '/')
		snprintf(path, sizeof(path), "%s", text);
	else
		snprintf(path, sizeof(path), "%s/%s",
		    base == NULL ? folder : base, text);
	if (strlen(path) >= PATH_MAX)
		return err_set(err, ERR_CONFIG, NULL, "the path is longer than "
		    "%d bytes; give a shorter one", PATH_MAX - 1);
	free(*at);
	*at = mem_strdup(path);
	return 0;
}

static int
set_list(struct row_list *list, const char *text, struct err *err)
{
	if (row_list_has(list, text))
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is listed twice; "
		    "remove one", text);
	if (list->count == ROW_LIST_MAX)
		return err_set(err, ERR_CONFIG, NULL, "the list has more than "
		    "%d elements; remove some", ROW_LIST_MAX);
	row_list_add(list, text);
	return 0;
}

static int
set_bool(enum row_bool *at, const char *text, struct err *err)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
		*at = ROW_YES;
	else if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0)
		*at = ROW_NO;
	else
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is neither true "
		    "nor false; write one of them", text);
	return 0;
}

static int
set_mode(unsigned *at, const char *text, struct err *err)
{
	char *end;
	unsigned long v = strtoul(text, &end, 8);

	if (strspn(text, "01234567") != strlen(text) || *end != '\0' ||
	    v == 0 || v > 0777)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not a file "
		    "mode; write one in octal, as 0640", text);
	*at = (unsigned)v;
	return 0;
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((*text > 0 && *text < ' ') || *text == 0x7f)
			return true;
	}
	return false;
}

int
row_set(const struct row *row, void *object, const char *text,
    const char *base, struct err *err)
{
	void *at = member(row, object);

	if (strlen(text) >= ROW_TEXT_MAX)
		return err_set(err, ERR_CONFIG, NULL, "the value is longer "
		    "than %d bytes; give a shorter one", ROW_TEXT_MAX - 1);
	if (has_control(text))
		return err_set(err, ERR_CONFIG, NULL, "the value has a control "
		    "character; remove it");
	if (row->check != NULL && row->check(text, err) != 0)
		return -(int)ERR_CONFIG;
	switch (row->kind) {
	case ROW_TEXT:
		free(*(char **)at);
		*(char **)at = mem_strdup(text);
		return 0;
	case ROW_PATH:
		return set_path(at, text, base, err);
	case ROW_LIST:
		return set_list(at, text, err);
	case ROW_BOOL:
		return set_bool(at, text, err);
	case ROW_MODE:
		return set_mode(at, text, err);
	}
	abort();
}

static bool
is_set(const struct row *row, const void *object)
{
	const void *at = member_const(row, object);

	switch (row->kind) {
	case ROW_TEXT:
	case ROW_PATH:
		return *(char *const *)at != NULL;
	case ROW_LIST:
		return ((const struct row_list *)at)->count > 0;
	case ROW_BOOL:
		return *(const enum row_bool *)at != ROW_UNSET;
	case ROW_MODE:
		return *(const unsigned *)at != 0;
	}
	abort();
}

void
row_clear(const struct row *row, void *object)
{
	void *at = member(row, object);

	switch (row->kind) {
	case ROW_TEXT:
	case ROW_PATH:
		free(*(char **)at);
		*(char **)at = NULL;
		break;
	case ROW_LIST:
		row_list_clear(at);
		break;
	case ROW_BOOL:
		*(enum row_bool *)at = ROW_UNSET;
		break;
	case ROW_MODE:
		*(unsigned *)at = 0;
		break;
	}
}

void
row_clear_all(const struct row *rows, void *object)
{
	for (; rows->key != NULL; rows++)
		row_clear(rows, object);
}

static void
copy(const struct row *row, void *object, const void *from)
{
	const struct row_list *list;

	switch (row->kind) {
	case ROW_TEXT:
	case ROW_PATH:
		*(char **)member(row, object) =
		    mem_strdup(*(char *const *)member_const(row, from));
		break;
	case ROW_LIST:
		list = member_const(row, from);
		for (size_t i = 0; i < list->count; i++)
			row_list_add(member(row, object), list->items[i]);
		break;
	case ROW_BOOL:
		*(enum row_bool *)member(row, object) =
		    *(const enum row_bool *)member_const(row, from);
		break;
	case ROW_MODE:
		*(unsigned *)member(row, object) =
		    *(const unsigned *)member_const(row, from);
		break;
	}
}

void
row_inherit(const struct row *rows, void *object, const void *defaults)
{
	for (; rows->key != NULL; rows++) {
		if (!is_set(rows, object) && is_set(rows, defaults))
			copy(rows, object, defaults);
	}
}

static void
put(struct bld *out, const struct row *row, const void *object)
{
	const void *at = member_const(row, object);
	const struct row_list *list = at;

	switch (row->kind) {
	case ROW_TEXT:
	case ROW_PATH:
		bld_fmt(out, "%s=%s\n", row->key, *(char *const *)at);
		break;
	case ROW_LIST:
		for (size_t i = 0; i < list->count; i++)
			bld_fmt(out, "%s=%s\n", row->key, list->items[i]);
		break;
	case ROW_BOOL:
		bld_fmt(out, "%s=%s\n", row->key,
		    *(const enum row_bool *)at == ROW_YES ? "true" : "false");
		break;
	case ROW_MODE:
		bld_fmt(out, "%s=%o\n", row->key, *(const unsigned *)at);
		break;
	}
}

void
row_put_all(struct bld *out, const struct row *rows, const void *object)
{
	for (; rows->key != NULL; rows++) {
		if (is_set(rows, object))
			put(out, rows, object);
	}
}

static int
parse_line(char *line, const struct row *rows, void *object, struct err *err)
{
	char *equals = strchr(line, '=');
	const struct row *row;

	if (equals == NULL)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" has no '='",
		    line);
	*equals = '\0';
	row = row_find(rows, line);
	if (row == NULL)
		return err_set(err, ERR_CONFIG, NULL, "there is no key %s; "
		    "was it written by a newer signet?", line);
	return row_set(row, object, equals + 1, "/", err);
}

int
row_parse_all(struct span text, const struct row *rows, void *object,
    struct err *err)
{
	char line[ROW_TEXT_MAX + 64];
	struct span next;
	int r = 0;

	while (r == 0 && text.len > 0) {
		next = span_cut(&text, '\n');
		if (next.len >= sizeof(line))
			return err_set(err, ERR_CONFIG, NULL, "a line is "
			    "longer than %zu bytes", sizeof(line) - 1);
		memcpy(line, next.data, next.len);
		line[next.len] = '\0';
		r = parse_line(line, rows, object, err);
	}
	return r;
}

void
row_put_doc(struct bld *out, const struct row *rows)
{
	for (; rows->key != NULL; rows++) {
		bld_fmt(out, "\n### %s\n\n%s\n\n- Value: %s.\n", rows->key,
		    rows->doc, rows->form);
		if (rows->kind == ROW_LIST)
			bld_str(out, "- One, or a list.\n");
	}
}
