/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/shell_text.h"

#include <ctype.h>
#include <string.h>

#define BLANKS " \t"
#define ENDS_WORD " \t\n;&|<>()"

enum token {
	TOKEN_WORD,
	TOKEN_NEXT,  /* what follows is another command */
	TOKEN_CLOSE, /* ')': it may be the same as before it */
	TOKEN_END    /* nothing more, or nothing that can be known */
};

struct reader {
	const char *at;
	char word[SHELL_TEXT_WORD_MAX];
	size_t len;
	bool plain; /* word is what the shell would make of it */
};

static void
put(struct reader *reader, char c)
{
	if (reader->len + 1 < sizeof(reader->word))
		reader->word[reader->len++] = c;
	else
		reader->plain = false;
}

/* From behind a quote to behind its end. */
static void
read_quoted(struct reader *reader, char quote)
{
	for (; *reader->at != '\0' && *reader->at != quote; reader->at++) {
		if (quote == '"' && strchr("$`", *reader->at) != NULL)
			reader->plain = false;
		if (quote == '"' && reader->at[0] == '\\' &&
		    reader->at[1] != '\0' &&
		    strchr("$`\"\\", reader->at[1]) != NULL)
			reader->at++;
		put(reader, *reader->at);
	}
	if (*reader->at != '\0')
		reader->at++;
}

static void
read_word(struct reader *reader)
{
	reader->len = 0;
	reader->plain = true;
	while (*reader->at != '\0' && strchr(ENDS_WORD, *reader->at) == NULL) {
		char c = *reader->at++;

		if (c == '\'' || c == '"') {
			read_quoted(reader, c);
		} else if (c == '`') {
			read_quoted(reader, c);
			reader->plain = false;
		} else if (c == '\\' && *reader->at != '\0') {
			put(reader, *reader->at++);
		} else {
			if (strchr("$*?[~", c) != NULL)
				reader->plain = false;
			put(reader, c);
		}
	}
	reader->word[reader->len] = '\0';
}

/* Past ">", ">>", "<&", ">|" and so on, and what they name. */
static enum token
read_redirection(struct reader *reader)
{
	if (strncmp(reader->at, "<<", 2) == 0)
		return TOKEN_END;
	reader->at += strspn(reader->at, "<>&|");
	reader->at += strspn(reader->at, BLANKS);
	read_word(reader);
	return TOKEN_WORD;
}

/* The 2 of "2>&1" (POSIX.1 XCU 2.7). */
static bool
is_descriptor(const struct reader *reader)
{
	return (*reader->at == '<' || *reader->at == '>') &&
	    reader->word[strspn(reader->word, "0123456789")] == '\0';
}

static enum token
next(struct reader *reader)
{
	for (;;) {
		reader->at += strspn(reader->at, BLANKS);
		switch (*reader->at) {
		case '\0':
			return TOKEN_END;
		case '#':
			reader->at += strcspn(reader->at, "\n");
			break;
		case '<':
		case '>':
			if (read_redirection(reader) == TOKEN_END)
				return TOKEN_END;
			break;
		case ')':
			reader->at++;
			return TOKEN_CLOSE;
		case '\n':
		case ';':
		case '&':
		case '|':
		case '(':
			reader->at++;
			return TOKEN_NEXT;
		case '\\':
			if (reader->at[1] == '\n') {
				reader->at += 2;
				break;
			}
			read_word(reader);
			return TOKEN_WORD;
		default:
			read_word(reader);
			if (is_descriptor(reader))
				break;
			return TOKEN_WORD;
		}
	}
}

static bool
is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcmp(word, *words) == 0)
			return true;
	}
	return false;
}

/* NAME=VALUE, but for what stands behind a program. */
static bool
is_assignment(const char *word)
{
	size_t len = 0;

	while (isalnum((unsigned char)word[len]) || word[len] == '_')
		len++;
	return len > 0 && !isdigit((unsigned char)word[0]) && word[len] == '=';
}

/* Behind it stands what is run; env has options and assignments between. */
static bool
hands_on(const char *word)
{
	static const char *const words[] = { "exec", "command", "env", "nice",
		"nohup", "!", "{", "if", "then", "elif", "else", "while",
		"until", "do", "time", NULL };

	return is_one_of(word, words) || word[0] == '-' || is_assignment(word);
}

static bool
is_interpreter(const char *word)
{
	static const char *const names[] = { ".", "source", "sh", "bash",
		"dash", "python3", "python", "perl", "ruby", "php", NULL };
	const char *slash = strrchr(word, '/');

	return is_one_of(slash == NULL ? word : slash + 1, names);
}

/* Up to the next command's first word. */
static enum token
skip_command(struct reader *reader, enum token token)
{
	while (token != TOKEN_NEXT && token != TOKEN_END)
		token = next(reader);
	return token;
}

/* The script, if it is named by its path; where the text itself is an argument
 * ("-c") there is none. */
static enum token
read_script(struct reader *reader, bool *ret_found)
{
	enum token token = next(reader);

	while (token == TOKEN_WORD && reader->plain && reader->word[0] == '-' &&
	    strcmp(reader->word, "-c") != 0 && strcmp(reader->word, "-e") != 0)
		token = next(reader);
	*ret_found = token == TOKEN_WORD && reader->plain &&
	    strchr(reader->word, '/') != NULL;
	return token;
}

int
shell_text_each(const char *text, int (*each)(void *ctx, const char *program,
    struct err *err), void *ctx, struct err *err)
{
	struct reader reader = { .at = text };
	enum token token = TOKEN_NEXT;
	bool script;
	int r = 0;

	while (r == 0 && token != TOKEN_END) {
		token = next(&reader);
		if (token == TOKEN_NEXT || (token == TOKEN_WORD &&
		    hands_on(reader.word)))
			continue;
		if (token == TOKEN_WORD && reader.plain) {
			script = is_interpreter(reader.word);
			r = each(ctx, reader.word, err);
			token = r == 0 && script ?
			    read_script(&reader, &script) : next(&reader);
			if (r == 0 && script)
				r = each(ctx, reader.word, err);
		}
		token = skip_command(&reader, token);
	}
	return r;
}
