/* SPDX-License-Identifier: Apache-2.0 */
#include "validator/policy.h"

#include "base/mem.h"

static int
copy_text(char out[POLICY_TEXT_MAX + 1], const char *in, const char *key,
    struct err *err)
{
	size_t len = in == NULL ? 0 : strlen(in);

	if (len > POLICY_TEXT_MAX)
		return err_set(err, ERR_CONFIG, NULL, "%s is longer than %d "
		    "bytes", key, POLICY_TEXT_MAX);
	memcpy(out, in == NULL ? "" : in, len + 1);
	return 0;
}

static void
add_port(struct policy *policy, int64_t port)
{
	if (!policy_redirect_port(policy, (uint16_t)port))
		policy->redirect_ports[policy->num_redirect_ports++] =
		    (uint16_t)port;
}

static void
set_ports(struct policy *policy, const struct config *config)
{
	policy->http_port = (uint16_t)config->http_port;
	add_port(policy, 80);
	add_port(policy, 443);
	if (config->dev) {
		add_port(policy, config->http_port);
		add_port(policy, config->tls_port);
	}
}

static int
set_ranges(struct policy *policy, const struct config *config,
    struct err *err)
{
	static const char *const everything[] = { "0.0.0.0/0", "::/0" };

	for (size_t i = 0; i < config->num_validation_allow; i++) {
		int r = ip_range_parse(span_str(config->validation_allow[i]),
		    &policy->allow[policy->num_allow++], err);

		if (r < 0) {
			err_prefix(err, "validation_allow");
			return r;
		}
	}
	if (!config->dev)
		return 0;
	policy->num_allow = 0;
	for (size_t i = 0; i < 2; i++)
		ip_range_parse(span_str(everything[i]),
		    &policy->allow[policy->num_allow++], NULL);
	return 0;
}

int
policy_new(const struct config *config, struct policy **ret, struct err *err)
{
	struct policy *policy = mem_zalloc(sizeof(*policy));
	int r;

	*ret = NULL;
	policy->refs = 1;
	set_ports(policy, config);
	policy->follow_see_other = config->program != PROGRAM_WEBPKI;
	policy->check_caa = config->program == PROGRAM_WEBPKI ||
	    config->caa_identity != NULL;
	policy->always_valid = config->dev && config->dev_always_valid;
	policy->sleep_ms = config->dev ? config->dev_sleep_ms : 0;
	r = set_ranges(policy, config, err);
	if (r == 0)
		r = copy_text(policy->caa_identity, config->caa_identity,
		    "caa_identity", err);
	if (r == 0)
		r = copy_text(policy->base_url, config->base_url, "base_url",
		    err);
	if (r < 0) {
		policy_unref(policy);
		return r;
	}
	*ret = policy;
	return 0;
}

struct policy *
policy_ref(struct policy *policy)
{
	policy->refs++;
	return policy;
}

void
policy_unref(struct policy *policy)
{
	if (policy != NULL && --policy->refs == 0)
		free(policy);
}

bool
policy_redirect_port(const struct policy *policy, uint16_t port)
{
	for (size_t i = 0; i < policy->num_redirect_ports; i++)
		if (policy->redirect_ports[i] == port)
			return true;
	return false;
}
