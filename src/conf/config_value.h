/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CONF_CONFIG_VALUE_H
#define SIGNET_CONF_CONFIG_VALUE_H

/*
 * config_value: one value of the configuration: from its text in the file to
 * its member of struct config, and between processes.
 */

#include "base/cur.h"
#include "conf/config_rows.h"

/* Sets the member, or appends to it if it is a list. base is the folder that
 * a relative path hangs on. -ERR_CONFIG with what is wrong and the remedy. */
int config_value_set(struct config *config, const struct config_row *row,
    const char *text, const char *base, struct err *err);
void config_value_clear(struct config *config, const struct config_row *row);

void config_value_encode(struct bld *out, const struct config *config,
    const struct config_row *row);
/* The member must be clear. A bad form fails the cursor. */
void config_value_decode(struct cur *in, struct config *config,
    const struct config_row *row);

/* A text of its own, to be freed. One with a NUL fails the cursor. */
char *config_value_decode_text(struct cur *in);

/* "90 days", "6 hours", "500 ms"; the greatest unit that fits. */
void config_value_put_duration(struct bld *out, int64_t ms);

#endif
