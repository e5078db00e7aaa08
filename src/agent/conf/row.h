/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CONF_ROW_H
#define SIGNET_AGENT_CONF_ROW_H

/*
 * row: what a site or a CA can be told, as data. One table of rows drives the
 * configuration file, the command line, the form in the database and the
 * manual, so a key is called the same and refused with the same sentence
 * everywhere.
 *
 * Every member can be unset: a site takes what it does not say itself from
 * the defaults. A zeroed object has all unset.
 */

#include "base/bld.h"
#include "base/err.h"
#include "base/mem.h"

#define ROW_TEXT_MAX 1024 /* bytes of one value */
#define ROW_LIST_MAX 128  /* elements of one list */

enum row_kind {
	ROW_TEXT = 1, /* char * */
	ROW_PATH,     /* char *, made absolute */
	ROW_LIST,     /* struct row_list */
	ROW_BOOL,     /* enum row_bool */
	ROW_MODE      /* unsigned: octal file mode */
};

enum row_bool { ROW_UNSET = 0, ROW_YES, ROW_NO };

struct row_list {
	size_t count;
	char **items;
};

struct row {
	const char *key; /* NULL ends a table */
	enum row_kind kind;
	size_t offset;
	/* Is it of the right form? NULL: any text. */
	int (*check)(const char *text, struct err *err);
	const char *form; /* what a value looks like, for the manual */
	const char *doc;
};

/* NULL if there is none. */
const struct row *row_find(const struct row *rows, const char *key);

/* The key that a misspelt one most likely means, or NULL. */
const char *row_nearest(const struct row *rows, const char *key);

/* Sets the member from its text, or appends if it is a list. base is the
 * folder that a relative path hangs on; NULL: the working one. -ERR_CONFIG
 * with what is wrong and the remedy. */
int row_set(const struct row *row, void *object, const char *text,
    const char *base, struct err *err);

void row_clear(const struct row *row, void *object);
void row_clear_all(const struct row *rows, void *object);

/* Copies each member that object has not set from defaults. */
void row_inherit(const struct row *rows, void *object, const void *defaults);

/* The form in the database: one line "key=value" for each value. */
void row_put_all(struct bld *out, const struct row *rows, const void *object);
int row_parse_all(struct span text, const struct row *rows, void *object,
    struct err *err);

/* A page of Markdown: each key with what it is and takes. */
void row_put_doc(struct bld *out, const struct row *rows);

bool row_list_has(const struct row_list *list, const char *text);
void row_list_add(struct row_list *list, const char *text);
void row_list_clear(struct row_list *list);
/* All of them with between between two, in the arena. */
char *row_list_join(const struct row_list *list, char between,
    struct arena *arena);

#endif
