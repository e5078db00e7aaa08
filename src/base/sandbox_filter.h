/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_SANDBOX_FILTER_H
#define SIGNET_BASE_SANDBOX_FILTER_H

/*
 * sandbox_filter: a seccomp filter as a list of rules, made into the kernel's
 * form. libseccomp takes 600 us for one of ours, this with the kernel's part
 * 200: there are four to a certificate of the agent.
 *
 * Of the rules for a call, the first without conditions decides, whatever their
 * order; if there is none, the first whose conditions hold; else what all other
 * calls get. Calls of another architecture's numbers always end the process.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SANDBOX_FILTER_RULES_MAX 256
#define SANDBOX_FILTER_ARGS_MAX 2

/* (args[arg] & mask) == value; whole arguments, 64 bits. */
struct sandbox_filter_arg {
	unsigned arg;
	uint64_t mask;
	uint64_t value;
};

struct sandbox_filter {
	uint32_t others; /* SECCOMP_RET_... for what no rule is about */
	size_t count;
	struct sandbox_filter_rule {
		int call;
		uint32_t action; /* SECCOMP_RET_... */
		size_t num_args;
		struct sandbox_filter_arg args[SANDBOX_FILTER_ARGS_MAX];
	} rules[SANDBOX_FILTER_RULES_MAX];
};

void sandbox_filter_init(struct sandbox_filter *filter, uint32_t others);

/* A call that this architecture does not have (negative) is no rule. */
void sandbox_filter_add(struct sandbox_filter *filter, uint32_t action,
    int call, size_t num_args, const struct sandbox_filter_arg *args);

/* From here on it holds. */
int sandbox_filter_enter(const struct sandbox_filter *filter,
    struct err *err);

#endif
