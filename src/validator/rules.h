/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_VALIDATOR_RULES_H
#define SIGNET_VALIDATOR_RULES_H

/*
 * rules: what the configuration lets a validator do. Made at start and at
 * each reload; an attempt keeps the one that it began with, so it is counted.
 */

#include "conf/config.h"
#include "http/ip_range.h"

#define RULES_TEXT_MAX CONFIG_TEXT_MAX

struct rules {
	unsigned refs;
	struct ip_range allow[CONFIG_CIDRS_MAX];
	size_t num_allow;
	uint16_t http_port;       /* that http-01 begins at */
	/* Ports that redirects may lead to; dev adds its own two. */
	uint16_t redirect_ports[4];
	size_t num_redirect_ports;
	/* The Baseline Requirements (3.2.2.4.19) know 301, 302, 307 and 308;
	 * a private CA also follows 303. */
	bool follow_see_other;
	bool check_caa;
	char caa_identity[RULES_TEXT_MAX + 1]; /* "" if none */
	char base_url[RULES_TEXT_MAX + 1];     /* "" if not known */
	bool always_valid;        /* dev mode only */
	int64_t sleep_ms;         /* dev mode only */
};

/* With one reference, the caller's. -ERR_CONFIG. */
int rules_new(const struct config *config, struct rules **ret,
    struct err *err);
struct rules *rules_ref(struct rules *rules);
/* NULL is fine. */
void rules_unref(struct rules *rules);

bool rules_redirect_port(const struct rules *rules, uint16_t port);

#endif
