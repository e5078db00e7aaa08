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
    const char *text, struct err *err)
{
	if (text == NULL || text[0] == '\0' ||
	    config_set(config, key, text, err) == 0)
		return 0;
	return err_prefix(err, "%s", name);
}

/* A duration in whole seconds, which the switch writes without their unit. */
static int
set_sleep(struct config *config, const char *text, struct err *err)
{
	char value[CONFIG_TEXT_MAX];

	if (text == NULL || text[0] == '\0')
		return 0;
	if (text[strspn(text, "0123456789")] != '\0')
		return err_set(err, ERR_CONFIG, NULL, "PEBBLE_VA_SLEEPTIME: "
		    "\"%s\" is not a number of seconds; write digits only",
		    text);
	snprintf(value, sizeof(value), "%ss", text);
	return set(config, "PEBBLE_VA_SLEEPTIME", "dev_sleep", value, err);
}

/* What a suite asks for and does not get would look like its own fault. */
static int
check_missing(char *(*get)(const char *name), struct err *err)
{
	static const struct {
		const char *name, *is; /* what it is here */
	} missing[] = {
		{ "PEBBLE_ALTERNATE_ROOTS", "0" },
		{ "PEBBLE_CHAIN_LENGTH", "1" },
	};

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		const char *text = get(missing[i].name);

		if (text != NULL && text[0] != '\0' &&
		    strcmp(text, missing[i].is) != 0)
			return err_set(err, ERR_CONFIG, NULL, "%s: this "
			    "version knows only %s; unset it", missing[i].name,
			    missing[i].is);
	}
	return 0;
}

int
dev_env_apply(struct config *config, bool strict,
    char *(*get)(const char *name), struct err *err)
{
	int r = check_missing(get, err);

	config->dev_always_valid = is_on(get("PEBBLE_VA_ALWAYS_VALID"));
	if (r == 0 && !is_on(get("PEBBLE_VA_NOSLEEP")))
		r = set_sleep(config, get("PEBBLE_VA_SLEEPTIME"), err);
	if (r == 0 && strict)
		r = set(config, "--strict", "dev_nonce_reject",
		    PEBBLE_NONCE_REJECT, err);
	if (r == 0)
		r = set(config, "PEBBLE_WFE_NONCEREJECT", "dev_nonce_reject",
		    get("PEBBLE_WFE_NONCEREJECT"), err);
	if (r == 0)
		r = set(config, "PEBBLE_AUTHZREUSE", "dev_authz_reuse",
		    get("PEBBLE_AUTHZREUSE"), err);
	if (r == 0)
		r = set(config, "PEBBLE_WFE_ORDERS_PER_PAGE",
		    "dev_orders_page", get("PEBBLE_WFE_ORDERS_PER_PAGE"), err);
	return r;
}
