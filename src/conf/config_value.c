/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/config_value.h"

#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>

#define S_MS INT64_C(1000)

/* Greatest first; of each length, the one to print with comes first. */
static const struct duration_unit {
	const char *name;
	int64_t ms;
} duration_units[] = {
	{ "days", 86400 * S_MS }, { "day", 86400 * S_MS },
	{ "d", 86400 * S_MS }, { "weeks", 7 * 86400 * S_MS },
	{ "week", 7 * 86400 * S_MS }, { "w", 7 * 86400 * S_MS },
	{ "hours", 3600 * S_MS }, { "hour", 3600 * S_MS },
	{ "h", 3600 * S_MS }, { "minutes", 60 * S_MS },
	{ "minute", 60 * S_MS }, { "min", 60 * S_MS }, { "m", 60 * S_MS },
	{ "seconds", S_MS }, { "second", S_MS }, { "s", S_MS }, { "ms", 1 },
};

static const size_t num_duration_units =
    sizeof(duration_units) / sizeof(duration_units[0]);

static void *
member(struct config *config, const struct config_row *row)
{
	return (char *)config + row->offset;
}

static const void *
member_const(const struct config *config, const struct config_row *row)
{
	return (const char *)config + row->offset;
}

static size_t *
list_count(struct config *config, const struct config_row *row)
{
	return (size_t *)((char *)config + row->count_offset);
}

static size_t
list_count_const(const struct config *config, const struct config_row *row)
{
	return *(const size_t *)((const char *)config + row->count_offset);
}

void
config_value_put_duration(struct bld *out, int64_t ms)
{
	const struct duration_unit *unit = duration_units;

	while (unit->ms > 1 && (ms < unit->ms || ms % unit->ms != 0))
		unit++;
	/* "1 day", not "1 days". */
	if (ms == unit->ms && unit->ms > 1)
		unit++;
	bld_fmt(out, "%lld %s", (long long)(ms / unit->ms), unit->name);
}

static int
parse_number(struct span text, int64_t *ret, struct err *err)
{
	bool minus = text.len > 0 && text.data[0] == '-';
	uint64_t v;

	if (text_uint(minus ? span_from(text, 1) : text, INT64_MAX, &v) != 0)
		return err_set(err, ERR_CONFIG, NULL, "\"%.*s\" is not a whole "
		    "number; write digits only", SPAN_FMT(text));
	*ret = minus ? -(int64_t)v : (int64_t)v;
	return 0;
}

static int
parse_duration(const char *text, int64_t *ret_ms, struct err *err)
{
	size_t digits = strspn(text, "0123456789");
	const char *name = text + digits + strspn(text + digits, " ");
	int64_t number = 0;
	int r;

	r = parse_number(digits == 0 ? span_str(text) : span_of(text, digits),
	    &number, err);
	if (r != 0)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not a "
		    "duration; write one as \"90 days\", \"6h\" or \"10s\"",
		    text);
	for (size_t i = 0; i < num_duration_units; i++) {
		if (strcmp(duration_units[i].name, name) != 0)
			continue;
		if (number > INT64_MAX / duration_units[i].ms)
			break;
		*ret_ms = number * duration_units[i].ms;
		return 0;
	}
	if (*name == '\0')
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" has no unit; "
		    "write \"%s days\", \"%sh\", \"%smin\" or \"%ss\"", text,
		    text, text, text, text);
	return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not a duration; the "
	    "units are weeks, days, h, min, s and ms", text);
}

static int
check_bounds(const struct config_row *row, int64_t v, const char *text,
    struct err *err)
{
	struct bld min, max;
	int r = 0;

	bld_init(&min, CONFIG_TEXT_MAX);
	bld_init(&max, CONFIG_TEXT_MAX);
	if (row->kind == CONFIG_DURATION) {
		config_value_put_duration(&min, row->min * row->unit_ms);
		config_value_put_duration(&max, row->max * row->unit_ms);
	} else {
		text_decimal(&min, row->min);
		text_decimal(&max, row->max);
	}
	if (v < row->min || v > row->max)
		r = err_set(err, ERR_CONFIG, NULL, "%s is too %s; it can be "
		    "from %.*s to %.*s", text, v < row->min ? "small" : "great",
		    SPAN_FMT(bld_view(&min)), SPAN_FMT(bld_view(&max)));
	bld_free(&min);
	bld_free(&max);
	return r;
}

static int
set_number(struct config *config, const struct config_row *row,
    const char *text, struct err *err)
{
	int64_t v = 0, *at = member(config, row);
	int r;

	r = row->kind == CONFIG_DURATION ? parse_duration(text, &v, err) :
	    parse_number(span_str(text), &v, err);
	if (r == 0 && row->kind == CONFIG_DURATION && v % row->unit_ms != 0)
		r = err_set(err, ERR_CONFIG, NULL, "\"%s\" is finer than a "
		    "second; write whole seconds", text);
	if (r == 0 && row->kind == CONFIG_DURATION)
		v /= row->unit_ms;
	if (r == 0)
		r = check_bounds(row, v, text, err);
	if (r == 0)
		*at = v;
	return r;
}

static void
set_choice_value(struct config *config, const struct config_row *row,
    int64_t v)
{
	int as_int = (int)v;

	assert(row->size == sizeof(v) || row->size == sizeof(as_int));
	if (row->size == sizeof(v))
		memcpy(member(config, row), &v, sizeof(v));
	else
		memcpy(member(config, row), &as_int, sizeof(as_int));
}

static int64_t
choice_value(const struct config *config, const struct config_row *row)
{
	int64_t v;
	int as_int;

	if (row->size == sizeof(v)) {
		memcpy(&v, member_const(config, row), sizeof(v));
		return v;
	}
	memcpy(&as_int, member_const(config, row), sizeof(as_int));
	return as_int;
}

static int
set_choice(struct config *config, const struct config_row *row,
    const char *text, struct err *err)
{
	struct bld names;
	int r;

	for (size_t i = 0; row->choices[i].name != NULL; i++) {
		if (strcmp(row->choices[i].name, text) == 0) {
			set_choice_value(config, row, row->choices[i].value);
			return 0;
		}
	}
	bld_init(&names, CONFIG_TEXT_MAX);
	for (size_t i = 0; row->choices[i].name != NULL; i++)
		bld_fmt(&names, "%s\"%s\"", i == 0 ? "" :
		    row->choices[i + 1].name == NULL ? " or " : ", ",
		    row->choices[i].name);
	r = err_set(err, ERR_CONFIG, NULL, "\"%s\" is not one of its choices; "
	    "write %.*s", text, SPAN_FMT(bld_view(&names)));
	bld_free(&names);
	return r;
}

static int
set_path(struct config *config, const struct config_row *row,
    const char *text, const char *base, struct err *err)
{
	char path[2 * CONFIG_TEXT_MAX + 2];
	char **at = member(config, row);

	if (text[0] == '\0')
		return err_set(err, ERR_CONFIG, NULL, "the path is empty; give "
		    "one or remove the line");
	if (text[0] == '/')
		snprintf(path, sizeof(path), "%s", text);
	else if (strcmp(text, ".") == 0)
		snprintf(path, sizeof(path), "%s", base);
	else
		snprintf(path, sizeof(path), "%s/%s", base, text);
	if (strlen(path) >= CONFIG_TEXT_MAX)
		return err_set(err, ERR_CONFIG, NULL, "the path is longer than "
		    "%d bytes; give a shorter one", CONFIG_TEXT_MAX - 1);
	free(*at);
	*at = mem_strdup(path);
	return 0;
}

static int
set_list(struct config *config, const struct config_row *row,
    const char *text, struct err *err)
{
	char **at = member(config, row);
	size_t *count = list_count(config, row);

	for (size_t i = 0; i < *count; i++) {
		if (strcmp(at[i], text) == 0)
			return err_set(err, ERR_CONFIG, NULL, "\"%s\" is "
			    "listed twice; remove one", text);
	}
	if (*count >= (size_t)row->max)
		return err_set(err, ERR_CONFIG, NULL, "the list has more than "
		    "%lld elements; remove some", (long long)row->max);
	at[(*count)++] = mem_strdup(text);
	return 0;
}

static int
set_bool(struct config *config, const struct config_row *row,
    const char *text, struct err *err)
{
	bool *at = member(config, row);

	*at = strcmp(text, "true") == 0;
	if (!*at && strcmp(text, "false") != 0)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is neither true "
		    "nor false", text);
	return 0;
}

int
config_value_set(struct config *config, const struct config_row *row,
    const char *text, const char *base, struct err *err)
{
	char **at = member(config, row);

	if (strlen(text) >= CONFIG_TEXT_MAX)
		return err_set(err, ERR_CONFIG, NULL, "the value is longer "
		    "than %d bytes; give a shorter one", CONFIG_TEXT_MAX - 1);
	switch (row->kind) {
	case CONFIG_TEXT:
		free(*at);
		*at = mem_strdup(text);
		return 0;
	case CONFIG_PATH:
		return set_path(config, row, text, base, err);
	case CONFIG_LIST:
		return set_list(config, row, text, err);
	case CONFIG_NUMBER:
	case CONFIG_DURATION:
		return set_number(config, row, text, err);
	case CONFIG_CHOICE:
		return set_choice(config, row, text, err);
	case CONFIG_BOOL:
		return set_bool(config, row, text, err);
	}
	abort();
}

void
config_value_clear(struct config *config, const struct config_row *row)
{
	char **at = member(config, row);

	if (row->kind == CONFIG_LIST) {
		for (size_t i = 0; i < list_count_const(config, row); i++) {
			free(at[i]);
			at[i] = NULL;
		}
		*list_count(config, row) = 0;
	} else if (row->kind == CONFIG_TEXT || row->kind == CONFIG_PATH) {
		free(*at);
		*at = NULL;
	} else {
		memset(at, 0, row->size);
	}
}

static void
encode_text(struct bld *out, const char *text)
{
	bld_u16(out, text != NULL);
	if (text != NULL)
		bld_span16(out, span_str(text));
}

void
config_value_encode(struct bld *out, const struct config *config,
    const struct config_row *row)
{
	const void *at = member_const(config, row);

	switch (row->kind) {
	case CONFIG_TEXT:
	case CONFIG_PATH:
		encode_text(out, *(char *const *)at);
		break;
	case CONFIG_LIST:
		bld_u16(out, (uint16_t)list_count_const(config, row));
		for (size_t i = 0; i < list_count_const(config, row); i++)
			bld_span16(out, span_str(((char *const *)at)[i]));
		break;
	case CONFIG_NUMBER:
	case CONFIG_DURATION:
		bld_u64(out, (uint64_t)*(const int64_t *)at);
		break;
	case CONFIG_CHOICE:
		bld_u64(out, (uint64_t)choice_value(config, row));
		break;
	case CONFIG_BOOL:
		bld_u8(out, *(const bool *)at);
		break;
	}
}

/* A NUL would end the text for who uses it, and not for who checked it. */
char *
config_value_decode_text(struct cur *in)
{
	struct span text = cur_span16(in);
	char *ret = mem_alloc(text.len + 1);

	if (text.len > 0)
		memcpy(ret, text.data, text.len);
	ret[text.len] = '\0';
	if (strlen(ret) != text.len)
		in->failed = true;
	return ret;
}

static void
decode_choice(struct cur *in, struct config *config,
    const struct config_row *row)
{
	int64_t value = cur_i64(in);

	set_choice_value(config, row, value);
	if (choice_value(config, row) != value)
		in->failed = true; /* it does not fit */
}

void
config_value_decode(struct cur *in, struct config *config,
    const struct config_row *row)
{
	void *at = member(config, row);
	size_t count;

	switch (row->kind) {
	case CONFIG_TEXT:
	case CONFIG_PATH:
		if (cur_count(in, 1) == 1)
			*(char **)at = config_value_decode_text(in);
		break;
	case CONFIG_LIST:
		count = cur_count(in, (size_t)row->max);
		for (size_t i = 0; i < count; i++)
			((char **)at)[i] = config_value_decode_text(in);
		*list_count(config, row) = count;
		break;
	case CONFIG_NUMBER:
	case CONFIG_DURATION:
		*(int64_t *)at = (int64_t)cur_u64(in);
		break;
	case CONFIG_CHOICE:
		decode_choice(in, config, row);
		break;
	case CONFIG_BOOL:
		*(bool *)at = cur_bool(in);
		break;
	}
}
