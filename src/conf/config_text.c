/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/config_text.h"

#include "base/mem.h"
#include "base/text.h"

#include <confuse.h>
#include <stdio.h>

struct cleaner {
	const char *text;
	char *at;
	int line;
	bool equals;        /* was the last of what is no space */
	const char *opened; /* the { of a list that has no element yet */
	const char *value;  /* what stands without quotes after =, on this line */
	struct config_errors *errors;
};

static void
blank(struct cleaner *c, size_t len)
{
	for (; len > 0; len--, c->at++) {
		if (*c->at == '\n')
			c->line++;
		else
			*c->at = ' ';
	}
}

static int
refuse(struct cleaner *c, int line, const char *text)
{
	config_errors_add(c->errors, line, "", "%s", text);
	return -(int)ERR_CONFIG;
}

static int
clean_comment(struct cleaner *c)
{
	const char *end;

	if (c->at[0] == '#' || c->at[1] == '/') {
		blank(c, strcspn(c->at, "\n"));
		return 0;
	}
	end = strstr(c->at + 2, "*/");
	if (end == NULL)
		return refuse(c, c->line, "the comment that starts here has no "
		    "end; close it with */");
	blank(c, (size_t)(end + 2 - c->at));
	return 0;
}

static int
clean_string(struct cleaner *c)
{
	char quote = *c->at;

	for (c->at++; *c->at != quote; c->at++) {
		if (*c->at == '\\' && c->at[1] >= '0' && c->at[1] <= '9' &&
		    quote == '"')
			return refuse(c, c->line, "a \\ before a digit is not "
			    "taken; write the character itself, or \\xNN");
		if (*c->at == '\\' && c->at[1] != '\0' && c->at[1] != '\n')
			c->at++;
		else if (*c->at == '\0' || *c->at == '\n')
			return refuse(c, c->line, "the text between quotes has "
			    "no end; close it with the quote that it starts "
			    "with, on the same line");
		else if (quote == '"' && strncmp(c->at, "${", 2) == 0)
			return refuse(c, c->line, "variables (${...}) are not "
			    "expanded; write the value itself, or put it "
			    "between single quotes");
	}
	c->at++;
	return 0;
}

static bool
at_comment(const char *at)
{
	return *at == '#' || (*at == '/' && (at[1] == '/' || at[1] == '*'));
}

static bool
is_control(char c)
{
	return (c > 0 && c < ' ' && strchr("\t\r\n", c) == NULL) || c == 0x7f;
}

/* The key stands before its value, with = between. */
static void
find_key(const struct cleaner *c, const char *value, char ret[CONFIG_KEY_SIZE])
{
	const char *end = value, *key;

	while (end > c->text && strchr(" \t\r\n=", end[-1]) != NULL)
		end--;
	for (key = end; key > c->text && strchr(" \t\r\n=", key[-1]) == NULL;)
		key--;
	text_printable(ret, CONFIG_KEY_SIZE, span_of(key,
	    (size_t)(end - key)));
}

static int
refuse_empty(struct cleaner *c)
{
	char name[CONFIG_KEY_SIZE];

	find_key(c, c->opened, name);
	config_errors_add(c->errors, c->line, name, "the list is empty; remove "
	    "its line to have the default");
	return -(int)ERR_CONFIG;
}

static bool
is_word(char c)
{
	return c != '\0' && strchr(" \t\r\n=,{}\"'#", c) == NULL;
}

/* A word after a value on its line, and no key: to libconfuse that is a key
 * without a value, which says nothing to who forgot the quotes. */
static int
check_spaces(struct cleaner *c)
{
	const char *end = c->at;
	char name[CONFIG_KEY_SIZE], value[CONFIG_TEXT_MAX / 4];

	while (is_word(*end))
		end++;
	end += strspn(end, " \t\r\n");
	if (*end == '=')
		return 0;
	end = c->value + strcspn(c->value, "#\r\n");
	while (end[-1] == ' ' || end[-1] == '\t')
		end--;
	find_key(c, c->value, name);
	text_printable(value, sizeof(value), span_of(c->value,
	    (size_t)(end - c->value)));
	config_errors_add(c->errors, c->line, name, "the value has spaces and "
	    "no quotes; write %s = \"%s\"", name, value);
	return -(int)ERR_CONFIG;
}

/* At the first character of a word. */
static int
begin_word(struct cleaner *c)
{
	if (c->value != NULL)
		return check_spaces(c);
	if (c->equals)
		c->value = c->at;
	return 0;
}

static int
clean_plain(struct cleaner *c)
{
	if (is_control(*c->at))
		return refuse(c, c->line, "there is a control character; "
		    "remove it");
	if (strncmp(c->at, "${", 2) == 0)
		return refuse(c, c->line, "variables (${...}) are not "
		    "expanded; write the value itself");
	if (is_word(*c->at) && (c->at == c->text || !is_word(c->at[-1])) &&
	    begin_word(c) < 0)
		return -(int)ERR_CONFIG;
	if (!is_word(*c->at) && *c->at != ' ' && *c->at != '\t')
		c->value = NULL;
	/* libconfuse does not tell where such a list is. */
	if (*c->at == '}' && c->opened != NULL)
		return refuse_empty(c);
	if (strchr(" \t\r\n", *c->at) == NULL) {
		c->opened = *c->at == '{' && c->equals ? c->at : NULL;
		c->equals = *c->at == '=';
	}
	c->line += *c->at == '\n';
	c->at++;
	return 0;
}

int
config_text_clean(char *text, struct config_errors *errors)
{
	struct cleaner c = { .text = text, .at = text, .line = 1,
		.errors = errors };
	int r = 0;

	while (r == 0 && *c.at != '\0') {
		if (at_comment(c.at)) {
			r = clean_comment(&c);
		} else if (*c.at == '"' || *c.at == '\'') {
			c.opened = c.value = NULL;
			c.equals = false;
			r = clean_string(&c);
		} else {
			r = clean_plain(&c);
		}
	}
	return r;
}

/*
 * libconfuse's callbacks get no context of ours, and its scanner is global
 * anyway: one parse at a time.
 */
static struct parse {
	void (*word)(void *ctx, const struct config_word *word);
	void *ctx;
	struct config_errors *errors;
	/* It stops at the first unknown key. So first we only look for those,
	 * again and again, until all are known; then we parse. */
	bool probing;
	size_t num_unknown;
	char unknown[CONFIG_ERRORS_MAX][CONFIG_KEY_SIZE];
} *running;

static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	struct config_word word = {
		.row = config_rows_find(opt->name), .value = value,
		.line = cfg->line, .first = opt->nvalues == 1,
	};

	*(void **)result = NULL;
	if (word.row != NULL && !running->probing)
		running->word(running->ctx, &word);
	return 0;
}

static void
add_unknown(int line, const char *key)
{
	const char *nearest = config_rows_nearest(key);
	char shown[CONFIG_KEY_SIZE];
	size_t len = strlen(key);

	text_printable(shown, sizeof(shown), span_of(key, len));
	if (nearest != NULL)
		config_errors_add(running->errors, line, shown, "there is no "
		    "such key; did you mean %s?", nearest);
	else
		config_errors_add(running->errors, line, shown, "there is no "
		    "such key; remove it, or see `signetd check --keys` for "
		    "all that there are");
	if (len < CONFIG_KEY_SIZE)
		snprintf(running->unknown[running->num_unknown++],
		    CONFIG_KEY_SIZE, "%s", key);
}

static void __attribute__((format(printf, 2, 0)))
on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char what[CONFIG_TEXT_MAX], shown[CONFIG_TEXT_MAX / 4];

	if (strncmp(fmt, "no such option", strlen("no such option")) == 0) {
		if (running->probing)
			add_unknown(cfg->line, va_arg(ap, const char *));
		return;
	}
	if (running->probing)
		return;
	vsnprintf(what, sizeof(what), fmt, ap);
	text_printable(shown, sizeof(shown), span_str(what));
	config_errors_add(running->errors, cfg->line, "", "%s; write key = "
	    "\"value\", or key = {\"value\", \"value\"} for a list", shown);
}

static void
parse_once(const char *text)
{
	cfg_opt_t opts[CONFIG_KEYS_MAX + CONFIG_ERRORS_MAX + 1];
	cfg_opt_t *opt = opts;
	cfg_t *cfg;

	/* All keys are lists of texts to it: rows know what they are, and say
	 * it better. */
	for (size_t i = 0; i < config_rows_count; i++) {
		if (!config_rows[i].dev)
			*opt++ = (cfg_opt_t)CFG_PTR_LIST_CB(config_rows[i].key,
			    NULL, CFGF_NODEFAULT, on_value, NULL);
	}
	for (size_t i = 0; i < running->num_unknown; i++)
		*opt++ = (cfg_opt_t)CFG_PTR_LIST_CB(running->unknown[i], NULL,
		    CFGF_NODEFAULT, on_value, NULL);
	*opt = (cfg_opt_t)CFG_END();
	cfg = cfg_init(opts, CFGF_NONE);
	if (cfg == NULL)
		abort(); /* out of memory */
	cfg_set_error_function(cfg, on_error);
	/* Its status says no more than on_error was told. */
	(void)cfg_parse_buf(cfg, text);
	cfg_free(cfg);
}

void
config_text_parse(const char *text,
    void (*word)(void *ctx, const struct config_word *word), void *ctx,
    struct config_errors *errors)
{
	struct parse parse = {
		.word = word, .ctx = ctx, .errors = errors, .probing = true,
	};
	size_t before;

	running = &parse;
	do {
		before = parse.num_unknown;
		parse_once(text);
	} while (parse.num_unknown > before &&
	    parse.num_unknown < CONFIG_ERRORS_MAX);
	parse.probing = false;
	parse_once(text);
	running = NULL;
}
