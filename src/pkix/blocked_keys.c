/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/blocked_keys.h"

#include <openssl/sha.h>
#include <stdlib.h>

#include "base/bld.h"
#include "base/mem.h"
#include "base/text.h"

#define HASH_SIZE SHA256_DIGEST_LENGTH

struct blocked_keys {
	struct bld hashes;
	size_t count;
};

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, HASH_SIZE);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Adds the line's hash, if it has one. */
static int
take_line(struct blocked_keys *keys, struct span line)
{
	size_t len = 0;

	while (line.len > 0 && is_blank(line.data[0]))
		line = span_from(line, 1);
	while (len < line.len && !is_blank(line.data[len]) &&
	    line.data[len] != '#')
		len++;
	if (len == 0)
		return 0;
	if (len != 2 * (size_t)HASH_SIZE ||
	    (text_unhex(&keys->hashes, span_of(line.data, len)) < 0 &&
	    !keys->hashes.failed))
		return -1;
	keys->count++;
	return 0;
}

static void
sort(struct blocked_keys *keys)
{
	const uint8_t *at = keys->hashes.data;

	for (size_t i = 1; i < keys->count; i++, at += HASH_SIZE)
		if (compare(at, at + HASH_SIZE) > 0) {
			qsort(keys->hashes.data, keys->count, HASH_SIZE,
			    compare);
			return;
		}
}

int
blocked_keys_parse(struct span text, struct blocked_keys **ret,
    struct err *err)
{
	struct blocked_keys *keys = mem_zalloc(sizeof(*keys));
	unsigned line = 0;
	int r = 0;

	bld_init(&keys->hashes, (size_t)BLOCKED_KEYS_MAX * HASH_SIZE);
	while (r == 0 && text.len > 0) {
		line++;
		if (take_line(keys, span_cut(&text, '\n')) < 0)
			r = err_set(err, ERR_CONFIG, NULL, "line %u is not "
			    "the SHA-256 of a public key, 64 hex digits",
			    line);
	}
	if (r == 0 && bld_end(&keys->hashes) < 0)
		r = err_set(err, ERR_CONFIG, NULL, "there are more than %d "
		    "keys", BLOCKED_KEYS_MAX);
	if (r < 0) {
		blocked_keys_free(keys);
		return r;
	}
	sort(keys);
	*ret = keys;
	return 0;
}

void
blocked_keys_free(struct blocked_keys *keys)
{
	if (keys == NULL)
		return;
	bld_free(&keys->hashes);
	free(keys);
}

bool
blocked_keys_has(const struct blocked_keys *keys, struct span spki)
{
	uint8_t hash[HASH_SIZE];

	if (keys == NULL || keys->count == 0)
		return false;
	SHA256(spki.data, spki.len, hash);
	return bsearch(hash, keys->hashes.data, keys->count, HASH_SIZE,
	    compare) != NULL;
}
