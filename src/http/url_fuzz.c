/* SPDX-License-Identifier: Apache-2.0 */
/* What parses must parse again, alone, to the same host, port and text: the
 * HTTP client that gets the text must see what was checked. */
#include <stdlib.h>

#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct url base, url, again;

	if (base.text_len == 0 && url_parse(NULL,
	    SPAN_LIT("http://www.example.com/.well-known/acme-challenge/x"),
	    &base, NULL) < 0)
		abort();
	if (url_parse(&base, span_of(data, size), &url, NULL) < 0)
		return 0;
	if (url_parse(NULL, span_of(url.text, url.text_len), &again, NULL) < 0 ||
	    strcmp(again.host, url.host) != 0 || again.port != url.port ||
	    again.https != url.https || again.host_is_ip != url.host_is_ip ||
	    strcmp(again.text, url.text) != 0)
		abort();
	return 0;
}
