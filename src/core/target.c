/* SPDX-License-Identifier: Apache-2.0 */
#include "core/target.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdio.h>

#define PREFIX_V4 3 /* bytes */
#define PREFIX_V6 6 /* bytes */

/* What registries of countries sell names below. */
static bool
is_usual_suffix(struct span label)
{
	static const char *const labels[] = {
		"ac", "co", "com", "edu", "gob", "gov", "gouv", "id", "ltd",
		"mil", "ne", "net", "nom", "or", "org", "sch",
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (span_equal_str(label, labels[i]))
			return true;
	return false;
}

/* Where the label that ends at `end` begins. */
static size_t
label_start(struct span name, size_t end)
{
	while (end > 0 && name.data[end - 1] != '.')
		end--;
	return end;
}

static struct span
domain_of(struct span name)
{
	size_t top = label_start(name, name.len), second, third;
	struct span label;

	if (top == 0)
		return name;
	second = label_start(name, top - 1);
	if (second == 0)
		return name;
	label = span_of(name.data + second, top - 1 - second);
	third = label_start(name, second - 1);
	return span_from(name, name.len - top == 2 &&
	    is_usual_suffix(label) ? third : second);
}

static struct span
prefix_of(struct span text, uint8_t address[16])
{
	char zero_ended[INET6_ADDRSTRLEN];

	snprintf(zero_ended, sizeof(zero_ended), "%.*s", SPAN_FMT(text));
	if (inet_pton(AF_INET, zero_ended, address) == 1)
		return span_of(address, PREFIX_V4);
	if (inet_pton(AF_INET6, zero_ended, address) == 1)
		return span_of(address, PREFIX_V6);
	return text;
}

/* By SHA-256, so that nobody finds a name that shares another's number. */
uint64_t
target_of(const struct ident *ident)
{
	/* Fetched once: the implicit fetch costs more than the hash. */
	static EVP_MD *md;
	uint8_t hash[EVP_MAX_MD_SIZE], address[16];
	struct span what = ident->type == IDENT_IP ?
	    prefix_of(ident->value, address) : domain_of(ident->value);
	uint64_t target;

	if (md == NULL)
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	/* Without memory for it: all are one target. */
	if (md == NULL || EVP_Digest(what.data, what.len, hash, NULL, md,
	    NULL) != 1)
		memset(hash, 0, sizeof(hash));
	memcpy(&target, hash, sizeof(target));
	return target == 0 ? 1 : target;
}
