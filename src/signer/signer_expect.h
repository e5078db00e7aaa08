/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_SIGNER_SIGNER_EXPECT_H
#define SIGNET_SIGNER_SIGNER_EXPECT_H

/*
 * signer_expect: asks the signer of a struct fixture and compares its answer
 * with what a test expects.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "signer/signer_fixture.h"

static struct fixture fixture;

static inline int
setup(void **state)
{
	(void)state;
	fixture_init(&fixture);
	return fixture_start(&fixture, NULL);
}

static inline int
teardown(void **state)
{
	(void)state;
	fixture_done(&fixture);
	return 0;
}

static inline struct issue_answer
ask(const struct issue_request *request)
{
	struct issue_answer answer = { 0 };
	struct err err = ERR_INIT;

	if (signer_issue(fixture.signer, request, &fixture.arena, &answer,
	    &err) < 0)
		fail_msg("%s", err.text);
	return answer;
}

static inline void
expect_refusal(const struct issue_request *request, enum err_kind kind,
    const char *words)
{
	struct issue_answer answer = ask(request);
	char text[ERR_TEXT_SIZE + 1];
	uint64_t before = fixture.journal.len;

	assert_int_equal(answer.type, CORE_SIGNER_REFUSED);
	text_printable(text, sizeof(text), answer.problem.detail);
	if (answer.problem.kind != kind || strstr(text, words) == NULL)
		fail_msg("got %s: %s; wanted %s: ...%s...",
		    err_kind_name(answer.problem.kind), text,
		    err_kind_name(kind), words);
	assert_int_equal(fixture.journal.len, before);
}

static inline struct span
expect_issued(const struct issue_request *request)
{
	struct issue_answer answer = ask(request);

	if (answer.type == CORE_SIGNER_REFUSED)
		fail_msg("refused: %.*s", SPAN_FMT(answer.problem.detail));
	assert_int_equal(answer.type, CORE_SIGNER_ISSUED);
	return answer.issued.der;
}

#endif
