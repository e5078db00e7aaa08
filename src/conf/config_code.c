/* SPDX-License-Identifier: Apache-2.0 */
/* The part of config.h that every process has; reading files is in config.c. */
#include "conf/config.h"

#include "base/mem.h"
#include "conf/config_rows.h"
#include "conf/config_value.h"

void
config_free(struct config *config)
{
	for (size_t i = 0; i < config_rows_count; i++)
		config_value_clear(config, &config_rows[i]);
	free(config->file);
	config->file = NULL;
}

void
config_encode(struct bld *out, const struct config *config)
{
	bld_span16(out, span_str(config->file));
	for (size_t i = 0; i < config_rows_count; i++)
		config_value_encode(out, config, &config_rows[i]);
}

int
config_decode(struct span in, struct config *ret, struct err *err)
{
	struct cur cur = CUR_OF(in);

	memset(ret, 0, sizeof(*ret));
	ret->file = config_value_decode_text(&cur);
	if (ret->file[0] == '\0') {
		free(ret->file);
		ret->file = NULL;
	}
	for (size_t i = 0; i < config_rows_count; i++)
		config_value_decode(&cur, ret, &config_rows[i]);
	if (cur_end(&cur) == 0)
		return 0;
	config_free(ret);
	return err_set(err, ERR_FRAME, NULL, "the configuration from master "
	    "is not of its form");
}
