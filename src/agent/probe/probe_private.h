/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROBE_PROBE_PRIVATE_H
#define SIGNET_AGENT_PROBE_PROBE_PRIVATE_H

/* probe_private: what the files of this folder share. */

#include "agent/probe/probe.h"
#include "dns/dns_resolver.h"
#include "http/http_client.h"
#include "http/ip_range.h"

struct probe {
	const struct env *env;
	const struct probe_ops *ops;
	void *ctx;
	struct arena arena;
	struct judge_probe_check check;
	bool validates;
	size_t open;             /* parts that are not done */
	/* addresses */
	size_t num_addresses;
	bool failed_lookup;
	bool secure;
	/* CAA */
	size_t issuer;           /* that is asked about */
};

/* A sentence; remedy may be NULL. */
void probe_find(struct probe *probe, enum probe_topic topic,
    enum probe_level level, const char *subject, const char *remedy,
    const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* Each begins one part (probe->open was counted up) and ends it by
 * probe_part_done. */
void probe_part_done(struct probe *probe);
/* All that one address answers. */
void probe_http(struct probe *probe, const struct ip_addr *address);
void probe_clock(struct probe *probe);

/* The Date of an answer that came just now. false if it has none. */
bool probe_date(struct span text, int64_t *ret_ms);

#endif
