/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CONF_CONFIG_ROWS_H
#define SIGNET_CONF_CONFIG_ROWS_H

/*
 * config_rows: the one table of what signetd.conf can say. Parser, defaults,
 * checks, reload rules, the form between processes and docs/config.md all come
 * from it. docs/recipes/add-a-config-key.md shows how to add a row.
 */

#include "conf/config.h"
#include "conf/config_form.h"

enum config_kind {
	CONFIG_TEXT = 1, /* char * */
	CONFIG_PATH,     /* char *, made absolute */
	CONFIG_LIST,     /* char *[max] and a size_t of count */
	CONFIG_NUMBER,   /* int64_t */
	CONFIG_DURATION, /* int64_t in units of unit_ms milliseconds */
	CONFIG_CHOICE,   /* int64_t or enum */
	CONFIG_BOOL      /* bool */
};

/* Which values a CONFIG_CHOICE has: ends with a NULL name. */
struct config_choice {
	const char *name;
	int64_t value;
};

struct config_row {
	const char *key;
	enum config_kind kind;
	size_t offset;       /* of the member of struct config */
	size_t size;         /* of that member, in bytes */
	size_t count_offset; /* CONFIG_LIST: of the count */
	/* As it would stand in the file; NULL: not set. A path's default is
	 * relative to `directory`, a given path to the file. */
	const char *def;
	int64_t min, max;    /* numbers and durations; max: elements of lists */
	int64_t unit_ms;     /* CONFIG_DURATION */
	const struct config_choice *choices;
	/* What a text (each element of a list) must be. */
	enum config_form check;
	bool required;       /* has no default that could be right */
	bool reload;         /* SIGHUP can change it */
	bool dev;            /* set by `signetd dev`; refused in files */
	const char *form;    /* what a value looks like, for people */
	const char *doc;     /* what it is for */
};

extern const struct config_row config_rows[];
extern const size_t config_rows_count;

/* The row of a key that files may have, or NULL. */
const struct config_row *config_rows_find(const char *key);

/* The line of the file that a key is set in; 0 where it is not. */
int config_rows_line(const struct config *config, const char *key);

/* The key that was probably meant, or NULL. */
const char *config_rows_nearest(const char *key);

/* docs/config.md. */
void config_rows_doc(struct bld *out);

#endif
