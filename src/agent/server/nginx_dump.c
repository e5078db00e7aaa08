/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/nginx_dump.h"

#include "agent/server/nginx_private.h"

#include <stdio.h>

#define MARK "# configuration file "

struct lexer {
	struct span text;
	size_t at;
	unsigned line;
	struct span file;
	struct arena *arena;
};

static int
bad(const struct lexer *lexer, const char *what, struct err *err)
{
	return err_set(err, ERR_CONFIG, NULL, "%.*s:%u: what nginx -T shows "
	    "cannot be followed here: %s", SPAN_FMT(lexer->file), lexer->line,
	    what);
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_space(struct lexer *l)
{
	for (; l->at < l->text.len; l->at++) {
		uint8_t c = l->text.data[l->at];

		if (c == '#')
			while (l->at + 1 < l->text.len &&
			    l->text.data[l->at + 1] != '\n')
				l->at++;
		else if (!is_space(c))
			return;
		else
			l->line += c == '\n';
	}
}

/* A word as nginx reads it: quotes count only at its beginning, a backslash
 * takes what follows, and "${" goes on to its brace. */
static int
read_word(struct lexer *l, struct span *ret, struct err *err)
{
	const uint8_t *data = l->text.data;
	uint8_t quote = data[l->at] == '"' || data[l->at] == '\'' ?
	    data[l->at] : 0;
	size_t out = 0, start = l->at += quote != 0;
	uint8_t *word;

	while (l->at < l->text.len) {
		uint8_t c = data[l->at];

		if (c == '\\' && l->at + 1 < l->text.len)
			l->at++;
		else if (quote != 0 ? c == quote : is_space(c) || c == ';' ||
		    (c == '{' && (l->at == start || data[l->at - 1] != '$')))
			break;
		l->line += data[l->at] == '\n';
		l->at++;
	}
	if (quote != 0 && l->at >= l->text.len)
		return bad(l, "a quote that is not closed", err);
	word = arena_alloc(l->arena, l->at - start + 1);
	for (size_t i = start; i < l->at; i++) {
		/* nginx keeps a backslash before what it does not know. */
		if (data[i] == '\\' && i + 1 < l->at &&
		    strchr("\"' \\;{}", data[i + 1]) != NULL &&
		    data[i + 1] != '\0')
			i++;
		word[out++] = data[i];
	}
	l->at += quote != 0;
	*ret = span_of(word, out);
	return 0;
}

/* Words up to ';', '{' or the end of the file. */
static int
read_words(struct lexer *l, struct nginx_directive *d, struct err *err)
{
	struct nginx_word **next = &d->words;

	for (size_t n = 0;; n++) {
		skip_space(l);
		if (l->at >= l->text.len)
			return bad(l, "the file ends within a directive", err);
		if (strchr(";{}", l->text.data[l->at]) != NULL &&
		    l->text.data[l->at] != '\0')
			break;
		if (n == NGINX_DUMP_WORDS_MAX)
			return bad(l, "a directive of too many words", err);
		*next = arena_alloc(l->arena, sizeof(**next));
		(*next)->next = NULL;
		if (read_word(l, &(*next)->text, err) < 0)
			return -(int)ERR_CONFIG;
		next = &(*next)->next;
	}
	if (d->words == NULL || l->text.data[l->at] == '}')
		return bad(l, "a brace or semicolon too many", err);
	return 0;
}

static bool
ends_with(struct span text, const char *end)
{
	size_t n = strlen(end);

	return text.len >= n &&
	    memcmp(text.data + text.len - n, end, n) == 0;
}

static int
read_block(struct lexer *l, unsigned depth, struct nginx_directive **ret,
    struct err *err)
{
	if (depth > NGINX_DUMP_DEPTH_MAX)
		return bad(l, "too many blocks in each other", err);
	for (*ret = NULL;; ret = &(*ret)->next) {
		struct nginx_directive *d;
		size_t start;
		int r;

		skip_space(l);
		if (l->at >= l->text.len)
			return depth == 0 ? 0 : bad(l, "a block that is not "
			    "closed", err);
		if (l->text.data[l->at] == '}' && depth > 0)
			return 0;
		d = *ret = arena_alloc(l->arena, sizeof(*d));
		*d = (struct nginx_directive){ .line = l->line };
		start = l->at;
		r = read_words(l, d, err);
		if (r == 0 && l->text.data[l->at] == '{') {
			if (ends_with(d->words->text, "_lua_block"))
				return bad(l, "a Lua block; use --via "
				    "webroot=DIR and your own ssl_certificate",
				    err);
			l->at++;
			d->has_block = true;
			r = read_block(l, depth + 1, &d->block, err);
		}
		if (r < 0)
			return r;
		l->at++; /* ';' or '}' */
		d->text = span_of(l->text.data + start, l->at - start);
	}
}

/* The mark at the beginning of a line, or NULL. */
static const uint8_t *
find_mark(struct span text, size_t from)
{
	size_t n = sizeof(MARK) - 1;

	for (size_t i = from; i + n <= text.len; i++) {
		const uint8_t *end;

		if (memcmp(text.data + i, MARK, n) == 0) {
			end = memchr(text.data + i, '\n', text.len - i);
			if (end != NULL && end[-1] == ':' &&
			    text.data[i + n] == '/')
				return text.data + i;
		}
		end = memchr(text.data + i, '\n', text.len - i);
		if (end == NULL)
			return NULL;
		i = (size_t)(end - text.data);
	}
	return NULL;
}

static int
read_file(struct span part, struct arena *arena, struct nginx_file *file,
    struct err *err)
{
	const uint8_t *end = memchr(part.data, '\n', part.len);
	size_t head = (size_t)(end - part.data);
	struct lexer lexer = { .text = span_from(part, head + 1), .line = 1,
	    .file = span_of(part.data + sizeof(MARK) - 1,
	    head - (sizeof(MARK) - 1) - 1), .arena = arena };

	file->name = lexer.file;
	return read_block(&lexer, 0, &file->first, err);
}

int
nginx_dump_parse(struct span text, struct arena *arena,
    struct nginx_dump *ret, struct err *err)
{
	struct nginx_file **next = &ret->files;
	const uint8_t *mark;

	*ret = (struct nginx_dump){ 0 };
	if (text.len > NGINX_DUMP_MAX)
		return err_set(err, ERR_CONFIG, NULL,
		    "nginx's configuration is larger than %d bytes",
		    NGINX_DUMP_MAX);
	mark = text.len == 0 ? NULL : find_mark(text, 0);
	if (mark == NULL)
		return err_set(err, ERR_CONFIG, NULL, "nginx -T shows no "
		    "configuration; is nginx older than 1.9.2?");
	while (mark != NULL) {
		size_t start = (size_t)(mark - text.data);
		const uint8_t *line = memchr(mark, '\n', text.len - start);
		size_t end;

		mark = find_mark(text, (size_t)(line - text.data) + 1);
		end = mark == NULL ? text.len : (size_t)(mark - text.data);
		*next = arena_alloc(arena, sizeof(**next));
		**next = (struct nginx_file){ 0 };
		if (read_file(span_of(text.data + start, end - start), arena,
		    *next, err) < 0)
			return -(int)ERR_CONFIG;
		next = &(*next)->next;
	}
	return nginx_servers_find(ret, arena, err);
}
