/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CONF_CONFIG_TEXT_H
#define SIGNET_CONF_CONFIG_TEXT_H

/*
 * config_text: the words of a configuration file, with the line of each: the
 * only place that knows libconfuse.
 */

#include "conf/config_rows.h"

/* Makes text ready for libconfuse: comments become spaces, because it
 * miscounts lines after them, and what would leave its scanner in the middle
 * of a string, for the next file that is read, is refused. -ERR_CONFIG when
 * it added to errors. */
int config_text_clean(char *text, struct config_errors *errors);

/* One `key = ...`, `key += ...` or one element of its list. */
struct config_word {
	const struct config_row *row;
	const char *value; /* good during the call */
	int line;
	bool first;        /* of its `key =` */
};

/* Calls word for each value of the cleaned text in order; unknown keys and
 * bad grammar become errors. */
void config_text_parse(const char *text,
    void (*word)(void *ctx, const struct config_word *word), void *ctx,
    struct config_errors *errors);

#endif
