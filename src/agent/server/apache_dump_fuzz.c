/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As what apachectl says, and as the file that a virtual host stands in: all
 * that is found lies within it.
 */
#include <stdlib.h>

#include "agent/server/apache_dump.h"

static void
check_inside(struct span part, struct span whole)
{
	if (part.len > 0 && (part.data < whole.data ||
	    part.data + part.len > whole.data + whole.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of(data, size);
	struct arena arena = { 0 };
	struct apache_dump dump;
	struct apache_vhost vhost = { .line = 1, .name = SPAN_LIT("a") };

	if (size < 65536 && apache_dump_parse(input, &arena, &dump,
	    NULL) == 0)
		for (const struct apache_vhost *v = dump.vhosts; v != NULL;
		    v = v->next) {
			check_inside(v->file, input);
			check_inside(v->name, input);
		}
	if (size < 65536) {
		apache_dump_text(&vhost, input, &arena);
		check_inside(vhost.text, input);
		check_inside(vhost.certificate, input);
	}
	arena_free(&arena);
	return 0;
}
