/* SPDX-License-Identifier: Apache-2.0 */
/* A journal of any bytes: it is refused, or opened so that it takes a record,
 * keeps all that it had, and opens again. */
#include <stdlib.h>

#include "signer/signer_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
count_each(void *ctx, uint64_t offset, const struct journal_record *record,
    struct err *err)
{
	unsigned *count = ctx;

	(void)offset;
	(void)record;
	(void)err;
	(*count)++;
	return 0;
}

static void
append_and_reopen(struct fixture *f, struct journal *journal, unsigned had)
{
	struct journal_record record = {
		.type = JOURNAL_ISSUED, .at = FIXTURE_NOW,
		.order_at = FIXTURE_NOW, .digest = { 42 },
		.certificate = SPAN_LIT("certificate"),
	};
	struct journal_totals totals;
	unsigned count = 0;

	if (journal_append(journal, &record, NULL) < 0 ||
	    journal_verify(&f->env, count_each, &count, &totals, NULL) < 0 ||
	    count != had + 1 || totals.torn != 0 ||
	    totals.size != f->journal.len || journal_find(journal,
	    record.digest, &f->arena, &record, NULL) < 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fixture f = {
		.now = FIXTURE_NOW, .writes_left = -1,
		.env = {
			.now = fixture_now, .journal_append = fixture_append,
			.journal_sync = fixture_sync,
			.journal_read = fixture_read,
			.journal_cut = fixture_cut,
		},
	};
	struct journal_totals totals;
	struct journal journal;
	unsigned had = 0;

	f.env.ctx = &f;
	bld_init(&f.journal, 64 * 1024 * 1024);
	bld_bytes(&f.journal, data, size);
	if (journal_verify(&f.env, count_each, &had, &totals, NULL) == 0) {
		if (journal_open(&journal, &f.env, NULL) < 0)
			abort();
		append_and_reopen(&f, &journal, had);
		journal_close(&journal);
	} else if (journal_open(&journal, &f.env, NULL) == 0) {
		abort();
	}
	bld_free(&f.journal);
	arena_free(&f.arena);
	return 0;
}
