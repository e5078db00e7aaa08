/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Apart from the rest: the agent's configuration has mistakes of the same
 * form.
 */
#include "conf/config.h"

#include <stdio.h>

void
config_errors_add(struct config_errors *errors, int line, const char *key,
    const char *fmt, ...)
{
	struct config_error *item;
	size_t i = errors->count;
	va_list ap;

	if (errors->count == CONFIG_ERRORS_MAX)
		return;
	errors->count++;
	/* In the order of lines; those of the file as a whole come last. */
	while (i > 0 && line != 0 && (errors->items[i - 1].line > line ||
	    errors->items[i - 1].line == 0)) {
		errors->items[i] = errors->items[i - 1];
		i--;
	}
	item = &errors->items[i];
	item->line = line;
	snprintf(item->key, sizeof(item->key), "%s", key);
	va_start(ap, fmt);
	vsnprintf(item->text, sizeof(item->text), fmt, ap);
	va_end(ap);
}
