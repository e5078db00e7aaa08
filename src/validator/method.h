/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_VALIDATOR_METHOD_H
#define SIGNET_VALIDATOR_METHOD_H

/*
 * method: one way to prove control of an identifier. Each is a file of its
 * own that exports a const struct method, and a row of the table in
 * validator.c; nothing else knows which there are.
 */

#include "base/env.h"
#include "rpc/core_validator.h"
#include "validator/rules.h"

#define METHOD_TOTAL_MS 10000 /* for one attempt with all that it asks */

struct method {
	enum challenge_type type;

	/* Begins one attempt and calls done(arg) once, never before it
	 * returns, at the latest METHOD_TOTAL_MS after it. env, rules and
	 * request are the caller's and live until done; so does arena, where
	 * all that the attempt needs is allocated. err's kind is ERR_NONE
	 * when control is proved; else its text is shown to the client: it
	 * may name hosts, addresses and status codes, never what was
	 * fetched. */
	void (*start)(const struct env *env, const struct rules *rules,
	    const struct validate_request *request, struct arena *arena,
	    void (*done)(void *arg, const struct err *err), void *arg);
};

#endif
