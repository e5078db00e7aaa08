/* SPDX-License-Identifier: Apache-2.0 */
#include "master/dev_env.h"

#include <stdio.h>

#define PEBBLE_NONCE_REJECT "5" /* percent, Pebble's default */

/* Pebble reads any other text as no. */
static bool
is_on(const char *text)
{
	return text != NULL && (strcmp(text, "1") == 0 ||
	    strcmp(text, "true") == 0 || strcmp(text, "True") == 0 ||
	    strcmp(text, "TRUE") == 0);
}

static int
set(struct config *config, const char *name, const char *key,
    const char *text, const char *unit, struct err *err)
{
	char value[CONFIG_TEXT_MAX];

	if (text == NULL || text[0] == '\0')
		return 0;
	if (snprintf(value, sizeof(value), "%s%s", text, unit) >=
	    (int)sizeof(value))
		return err_set(err, ERR_CONFIG, NULL, "%s is too long", name);
	return config_set(config, key, value, err) == 0 ? 0 :
	    err_prefix(err, "%s", name);
}

int
dev_env_apply(struct config *config, bool strict,
    char *(*get)(const char *name), struct err *err)
{
	int r = 0;

	config->dev_always_valid = is_on(get("PEBBLE_VA_ALWAYS_VALID"));
	if (!is_on(get("PEBBLE_VA_NOSLEEP")))
		r = set(config, "PEBBLE_VA_SLEEPTIME", "dev_sleep",
		    get("PEBBLE_VA_SLEEPTIME"), "s", err);
	if (r == 0 && strict)
		r = set(config, "--strict", "dev_nonce_reject",
		    PEBBLE_NONCE_REJECT, "", err);
	if (r == 0)
		r = set(config, "PEBBLE_WFE_NONCEREJECT", "dev_nonce_reject",
		    get("PEBBLE_WFE_NONCEREJECT"), "", err);
	if (r == 0)
		r = set(config, "PEBBLE_AUTHZREUSE", "dev_authz_reuse",
		    get("PEBBLE_AUTHZREUSE"), "", err);
	return r;
}
