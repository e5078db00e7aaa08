/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As what nginx -T says: whatever it is, the walk ends, every listen has a
 * host, and what we would write for one challenge of it is a dump that is
 * understood again.
 */
#include <stdlib.h>

#include "agent/server/nginx_private.h"

#define HEAD "# configuration file /f/nginx.conf:\n"

static void
check_again(const struct bld *ours)
{
	struct arena arena = { 0 };
	struct nginx_dump dump;
	struct bld text;

	bld_init(&text, NGINX_DUMP_MAX);
	bld_str(&text, HEAD);
	bld_span(&text, bld_view(ours));
	bld_str(&text, "\n");
	if (nginx_dump_parse(bld_view(&text), &arena, &dump, NULL) < 0)
		abort();
	bld_free(&text);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct server_task task = { "a.example.test", "token",
	    "token.thumbprint" };
	struct arena arena = { 0 };
	struct nginx_dump dump;
	struct bld out;

	bld_init(&out, NGINX_DUMP_MAX);
	if (size < 65536 && nginx_dump_parse(span_of(data, size), &arena,
	    &dump, NULL) == 0) {
		for (const struct nginx_server *s = dump.servers; s != NULL;
		    s = s->next)
			for (const struct nginx_listen *l = s->listens;
			    l != NULL; l = l->next)
				if (l->host.len == 0 || l->port > 65535)
					abort();
		if (nginx_text_challenges(&out, &dump, &task, 1, NULL) == 0 &&
		    bld_end(&out) == 0 && memmem(out.data, out.len,
		    "# configuration file ", 21) == NULL)
			check_again(&out);
	}
	bld_free(&out);
	arena_free(&arena);
	return 0;
}
