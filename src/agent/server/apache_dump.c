/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/apache_dump.h"

#include "base/text.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span
trim(struct span s)
{
	while (s.len > 0 && is_blank(s.data[0]))
		s = span_from(s, 1);
	while (s.len > 0 && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

bool
apache_dump_line(struct span *text, struct span *ret_line)
{
	size_t end = 0;

	if (text->len == 0)
		return false;
	while (end < text->len && (text->data[end] != '\n' ||
	    (end > 0 && text->data[end - 1] == '\\')))
		end++;
	*ret_line = trim(span_of(text->data, end));
	*text = span_from(*text, end < text->len ? end + 1 : end);
	return true;
}

/* The word with that index of a line, without quotes; empty: there is none. */
static struct span
word_of(struct span line, size_t index)
{
	for (;;) {
		uint8_t quote;
		size_t end = 0;

		while (line.len > 0 && (is_blank(line.data[0]) ||
		    line.data[0] == '\\' || line.data[0] == '\n'))
			line = span_from(line, 1);
		if (line.len == 0)
			return SPAN_NONE;
		quote = line.data[0] == '"' || line.data[0] == '\'' ?
		    line.data[0] : 0;
		if (quote != 0)
			line = span_from(line, 1);
		while (end < line.len && (quote != 0 ?
		    line.data[end] != quote : !is_blank(line.data[end]) &&
		    line.data[end] != '\n'))
			end += 1 + (quote != 0 && line.data[end] == '\\' &&
			    end + 1 < line.len);
		if (index-- == 0)
			return span_of(line.data, end);
		line = span_from(line, end + (quote != 0 && end < line.len));
	}
}

bool
apache_dump_is(struct span line, const char *name)
{
	return span_equal_nocase(word_of(line, 0), span_str(name));
}

/* "c.test:80" is "c.test". */
static struct span
without_port(struct span name)
{
	const uint8_t *colon = name.len == 0 ? NULL :
	    memchr(name.data, ':', name.len);

	return colon == NULL ? name : span_of(name.data,
	    (size_t)(colon - name.data));
}

struct parser {
	struct arena *arena;
	struct apache_dump *dump;
	struct apache_address *address;
};

/* "(/etc/apache2/sites-enabled/a.conf:5)" at the end of a line. */
static bool
parse_place(struct span line, struct span *ret_file, unsigned *ret_line)
{
	size_t open = line.len, colon = line.len;
	uint64_t number;

	if (line.len < 4 || line.data[line.len - 1] != ')')
		return false;
	while (open > 0 && (line.data[open - 1] != '(' ||
	    line.data[open] != '/'))
		open--;
	while (colon > open && line.data[colon - 1] != ':')
		colon--;
	if (open == 0 || colon == open || text_uint(span_of(line.data + colon,
	    line.len - 1 - colon), 1000000000, &number) < 0)
		return false;
	*ret_file = span_of(line.data + open, colon - 1 - open);
	*ret_line = (unsigned)number;
	return true;
}

static void
add_vhost(struct parser *p, struct span name, struct span line)
{
	struct apache_vhost **at = &p->dump->vhosts;
	struct apache_address **address, copy = *p->address;
	struct span file;
	unsigned number;

	if (!parse_place(line, &file, &number))
		return;
	while (*at != NULL && ((*at)->line != number ||
	    !span_equal((*at)->file, file)))
		at = &(*at)->next;
	if (*at == NULL) {
		*at = arena_alloc(p->arena, sizeof(**at));
		**at = (struct apache_vhost){ .file = file, .line = number,
		    .name = without_port(name) };
	}
	copy.next = NULL;
	for (address = &(*at)->addresses; *address != NULL;
	    address = &(*address)->next)
		;
	*address = arena_alloc(p->arena, sizeof(copy));
	**address = copy;
}

/* "127.0.0.1:80", "[::1]:80", "*:443", "*:*". */
static bool
parse_address(struct parser *p, struct span word)
{
	struct apache_address **at = &p->dump->addresses;
	size_t colon = word.len;
	uint64_t port = 0;

	while (colon > 0 && word.data[colon - 1] != ':')
		colon--;
	if (colon < 2 || (text_uint(span_from(word, colon), 65535, &port) < 0
	    && !span_equal_str(span_from(word, colon), "*")))
		return false;
	while (*at != NULL)
		at = &(*at)->next;
	p->address = *at = arena_alloc(p->arena, sizeof(**at));
	**at = (struct apache_address){ .host = span_of(word.data, colon - 1),
	    .port = (unsigned)port };
	return true;
}

/*
 *   *:80                   is a NameVirtualHost
 *           default server c.test (/etc/...:5)
 *           port 80 namevhost c.test (/etc/...:5)
 *   127.0.0.1:80           a.test (/etc/...:1)
 */
static void
parse_vhost_line(struct parser *p, struct span line)
{
	struct span first = word_of(line, 0);

	if (span_equal_str(first, "default") && p->address != NULL) {
		p->address->usual = without_port(word_of(line, 2));
	} else if (span_equal_str(first, "port") && p->address != NULL) {
		add_vhost(p, word_of(line, 3), line);
	} else if (parse_address(p, first) &&
	    !span_equal_str(word_of(line, 1), "is")) {
		p->address->usual = without_port(word_of(line, 1));
		add_vhost(p, word_of(line, 1), line);
	}
}

static void
add_file(struct parser *p, struct span line)
{
	struct apache_name **at = &p->dump->files;
	struct span path = word_of(line, 1);

	if (path.len == 0 || path.data[0] != '/')
		return;
	path = span_of(path.data, (size_t)(line.data + line.len - path.data));
	while (*at != NULL)
		at = &(*at)->next;
	*at = arena_alloc(p->arena, sizeof(**at));
	**at = (struct apache_name){ .text = path };
}

int
apache_dump_parse(struct span text, struct arena *arena,
    struct apache_dump *ret, struct err *err)
{
	struct parser parser = { .arena = arena, .dump = ret };
	struct span line;
	bool vhosts = false;

	*ret = (struct apache_dump){ 0 };
	while (apache_dump_line(&text, &line)) {
		if (line.len > 0 && line.data[0] == '(') {
			add_file(&parser, line);
		} else if (apache_dump_is(line, "ServerRoot:")) {
			ret->root = word_of(line, 1);
			vhosts = false;
		} else if (apache_dump_is(line, "PidFile:")) {
			ret->pid_file = word_of(line, 1);
		} else if (span_starts_with(line,
		    SPAN_LIT("VirtualHost configuration:"))) {
			vhosts = true;
		} else if (vhosts) {
			parse_vhost_line(&parser, line);
		}
	}
	if (ret->root.len == 0)
		return err_set(err, ERR_CONFIG, NULL, "apachectl does not say "
		    "what it serves; is Apache older than 2.4?");
	return 0;
}

static void
add_name(struct apache_vhost *vhost, struct span name, struct arena *arena)
{
	struct apache_name **at = &vhost->names;

	while (*at != NULL && !span_equal_nocase((*at)->text, name))
		at = &(*at)->next;
	if (*at != NULL)
		return;
	*at = arena_alloc(arena, sizeof(**at));
	**at = (struct apache_name){ .text = name };
}

static void
take_line(struct apache_vhost *vhost, struct span line, struct arena *arena)
{
	struct span word;

	if (apache_dump_is(line, "ServerAlias")) {
		for (size_t i = 1; (word = word_of(line, i)).len > 0;
		    i++)
			add_name(vhost, word, arena);
	} else if (apache_dump_is(line, "SSLEngine")) {
		vhost->tls = !span_equal_nocase(word_of(line, 1),
		    SPAN_LIT("off"));
	} else if (apache_dump_is(line, "RewriteEngine")) {
		vhost->rewrites = span_equal_nocase(word_of(line, 1),
		    SPAN_LIT("on"));
	} else if (apache_dump_is(line, "SSLCertificateFile")) {
		if (vhost->certificate.len == 0)
			vhost->certificate = word_of(line, 1);
	} else if (apache_dump_is(line, "Redirect") ||
	    apache_dump_is(line, "RedirectPermanent")) {
		bool root = false, https = false;

		for (size_t i = 1; (word = word_of(line, i)).len > 0;
		    i++) {
			root |= span_equal_str(word, "/");
			https |= span_starts_with(word, SPAN_LIT("https://"));
		}
		vhost->redirects |= root && https;
	}
}

void
apache_dump_text(struct apache_vhost *vhost, struct span file,
    struct arena *arena)
{
	struct span line = SPAN_NONE, rest;

	add_name(vhost, vhost->name, arena);
	for (unsigned i = 1; i < vhost->line; i++) {
		if (file.len == 0)
			return;
		span_cut(&file, '\n');
	}
	/* A macro's virtual host stands elsewhere. */
	if (!apache_dump_line(&file, &line) ||
	    !apache_dump_is(line, "<VirtualHost"))
		return;
	rest = file;
	while (apache_dump_line(&rest, &line)) {
		if (line.len > 0 && line.data[0] == '#')
			continue;
		if (span_equal_nocase(line, SPAN_LIT("</VirtualHost>"))) {
			vhost->text = span_of(file.data,
			    (size_t)(line.data - file.data));
			return;
		}
		take_line(vhost, line, arena);
	}
	vhost->tls = false;
}
