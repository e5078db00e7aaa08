/* SPDX-License-Identifier: Apache-2.0 */
#include "validator/rules.h"

#include "base/mem.h"

static int
copy_text(char out[RULES_TEXT_MAX + 1], const char *in, const char *key,
    struct err *err)
{
	size_t len = in == NULL ? 0 : strlen(in);

	if (len > RULES_TEXT_MAX)
		return err_set(err, ERR_CONFIG, NULL, "%s is longer than %d "
		    "bytes", key, RULES_TEXT_MAX);
	memcpy(out, in == NULL ? "" : in, len + 1);
	return 0;
}

static void
add_port(struct rules *rules, int64_t port)
{
	if (!rules_redirect_port(rules, (uint16_t)port))
		rules->redirect_ports[rules->num_redirect_ports++] =
		    (uint16_t)port;
}

static void
set_ports(struct rules *rules, const struct config *config)
{
	rules->http_port = (uint16_t)config->http_port;
	add_port(rules, 80);
	add_port(rules, 443);
	if (config->dev) {
		add_port(rules, config->http_port);
		add_port(rules, config->tls_port);
	}
}

static int
set_ranges(struct rules *rules, const struct config *config,
    struct err *err)
{
	static const char *const everything[] = { "0.0.0.0/0", "::/0" };

	for (size_t i = 0; i < config->num_validation_allow; i++) {
		int r = ip_range_parse(span_str(config->validation_allow[i]),
		    &rules->allow[rules->num_allow++], err);

		if (r < 0) {
			err_prefix(err, "validation_allow");
			return r;
		}
	}
	if (!config->dev)
		return 0;
	rules->num_allow = 0;
	for (size_t i = 0; i < 2; i++)
		ip_range_parse(span_str(everything[i]),
		    &rules->allow[rules->num_allow++], NULL);
	return 0;
}

int
rules_new(const struct config *config, struct rules **ret, struct err *err)
{
	struct rules *rules = mem_zalloc(sizeof(*rules));
	int r;

	*ret = NULL;
	rules->refs = 1;
	set_ports(rules, config);
	rules->follow_see_other = config->program != PROGRAM_WEBPKI;
	rules->check_caa = config->program == PROGRAM_WEBPKI ||
	    config->caa_identity != NULL;
	rules->always_valid = config->dev && config->dev_always_valid;
	rules->sleep_ms = config->dev ? config->dev_sleep_ms : 0;
	r = set_ranges(rules, config, err);
	if (r == 0)
		r = copy_text(rules->caa_identity, config->caa_identity,
		    "caa_identity", err);
	if (r == 0)
		r = copy_text(rules->base_url, config->base_url, "base_url",
		    err);
	if (r < 0) {
		rules_unref(rules);
		return r;
	}
	*ret = rules;
	return 0;
}

struct rules *
rules_ref(struct rules *rules)
{
	rules->refs++;
	return rules;
}

void
rules_unref(struct rules *rules)
{
	if (rules != NULL && --rules->refs == 0)
		free(rules);
}

bool
rules_redirect_port(const struct rules *rules, uint16_t port)
{
	for (size_t i = 0; i < rules->num_redirect_ports; i++)
		if (rules->redirect_ports[i] == port)
			return true;
	return false;
}
