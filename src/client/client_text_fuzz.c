/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of a CA: times stay within the limit, links are URLs or nothing,
 * and what is clean stays as it is when cleaned again. */
#include <stdlib.h>

#include "client/client.h"
#include "client/client_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size), once, twice, url;
	struct client_response response = { .num_links = 1, .links = { in } };
	struct arena arena = { 0 };
	int64_t ms;

	if (client_text_retry_after(in, INT64_C(1795255200000), &ms) == 0 &&
	    (ms < 0 || ms > CLIENT_RETRY_AT_MAX_MS))
		abort();
	for (size_t i = 0; i < 3; i++) {
		url = client_text_link(&arena, &response,
		    SPAN_LIT("https://ca.example/x"), "alternate", i);
		if (url.len > 0 && !span_starts_with(url, SPAN_LIT("http")))
			abort();
	}
	once = client_text_clean(&arena, in);
	twice = client_text_clean(&arena, once);
	if (once.len > CLIENT_TEXT_MAX || !span_equal(once, twice))
		abort();
	arena_free(&arena);
	return 0;
}
