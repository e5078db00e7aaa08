/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_private.h"

/* RFC 8555 6.5.1: base64url. What is not, is ignored. */
static bool
is_nonce(struct span nonce)
{
	for (size_t i = 0; i < nonce.len; i++) {
		uint8_t c = nonce.data[i];

		if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') &&
		    (c < 'a' || c > 'z') && c != '-' && c != '_')
			return false;
	}
	return nonce.len > 0 && nonce.len <= CLIENT_NONCE_MAX;
}

void
client_nonce_add(struct client_nonces *nonces, struct span nonce, int64_t now)
{
	struct client_nonce *item;

	if (!is_nonce(nonce))
		return;
	if (nonces->count == CLIENT_NONCES_MAX) {
		nonces->count--;
		memmove(nonces->items, nonces->items + 1,
		    nonces->count * sizeof(nonces->items[0]));
	}
	item = &nonces->items[nonces->count++];
	item->at = now;
	item->len = nonce.len;
	memcpy(item->text, nonce.data, nonce.len);
}

bool
client_nonce_take(struct client_nonces *nonces, int64_t now, struct span *ret)
{
	struct client_nonce *item;

	if (nonces->count == 0)
		return false;
	item = &nonces->items[--nonces->count];
	/* The clock may have been set back. */
	if (now - item->at > CLIENT_NONCE_AGE_MAX_MS || now < item->at) {
		nonces->count = 0; /* all others are older */
		return false;
	}
	*ret = span_of(item->text, item->len);
	return true;
}

void
client_nonce_drop_all(struct client_nonces *nonces)
{
	nonces->count = 0;
}
