/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/files/layout.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"

#define BASE '@' /* stands in patterns for the site's name */

struct pattern {
	enum site_file file;
	const char *name;
	const char *real; /* NULL: name is a file */
};

static const struct pattern signet[] = {
	{ SITE_PRIVKEY, "privkey.pem", NULL },
	{ SITE_CERT, "cert.pem", NULL },
	{ SITE_CHAIN, "chain.pem", NULL },
	{ SITE_FULLCHAIN, "fullchain.pem", NULL },
	{ SITE_COMBINED, "combined.pem", NULL },
};

/* The certificate first: it tells whose number it is when the rest is
 * missing. */
static const struct pattern certbot[] = {
	{ SITE_CERT, "cert.pem", "cert#.pem" },
	{ SITE_PRIVKEY, "privkey.pem", "privkey#.pem" },
	{ SITE_CHAIN, "chain.pem", "chain#.pem" },
	{ SITE_FULLCHAIN, "fullchain.pem", "fullchain#.pem" },
};

static const struct pattern dehydrated[] = {
	{ SITE_PRIVKEY, "privkey.pem", "privkey-#.pem" },
	{ SITE_CERT, "cert.pem", "cert-#.pem" },
	{ SITE_CHAIN, "chain.pem", "chain-#.pem" },
	{ SITE_FULLCHAIN, "fullchain.pem", "fullchain-#.pem" },
};

static const struct pattern lego[] = {
	{ SITE_PRIVKEY, "@.key", NULL },
	{ SITE_FULLCHAIN, "@.crt", NULL },
	{ SITE_CHAIN, "@.issuer.crt", NULL },
};

static const struct pattern acmesh[] = {
	{ SITE_PRIVKEY, "@.key", NULL },
	{ SITE_CERT, "@.cer", NULL },
	{ SITE_CHAIN, "ca.cer", NULL },
	{ SITE_FULLCHAIN, "fullchain.cer", NULL },
};

#define ROW(a) { a, sizeof(a) / sizeof((a)[0]) }
static const struct {
	const struct pattern *patterns;
	size_t count;
} rows[] = {
	[SITE_LAYOUT_SIGNET] = ROW(signet),
	[SITE_LAYOUT_CERTBOT] = ROW(certbot),
	[SITE_LAYOUT_DEHYDRATED] = ROW(dehydrated),
	[SITE_LAYOUT_LEGO] = ROW(lego),
	[SITE_LAYOUT_ACMESH] = ROW(acmesh),
};

static void
expand(const char *pattern, struct span base, char out[LAYOUT_NAME_SIZE])
{
	if (pattern != NULL && pattern[0] == BASE)
		snprintf(out, LAYOUT_NAME_SIZE, "%.*s%s", SPAN_FMT(base),
		    pattern + 1);
	else
		snprintf(out, LAYOUT_NAME_SIZE, "%s",
		    pattern == NULL ? "" : pattern);
}

static void
add_entries(const struct site *site, struct layout *ret)
{
	struct span base = site->lineage, ecc = SPAN_LIT("_ecc");

	/* acme.sh: the folder of an ECDSA certificate has a suffix that its
	 * files have not. */
	if (site->layout == SITE_LAYOUT_ACMESH && base.len > ecc.len &&
	    span_equal(span_from(base, base.len - ecc.len), ecc))
		base.len -= ecc.len;
	ret->count = rows[site->layout].count;
	for (size_t i = 0; i < ret->count; i++) {
		const struct pattern *pattern =
		    &rows[site->layout].patterns[i];

		ret->entries[i].file = pattern->file;
		expand(pattern->name, base, ret->entries[i].name);
		expand(pattern->real, base, ret->entries[i].real);
	}
}

/* lego's target is FOLDER itself. */
static void
split_folder(struct span folder, struct layout *ret)
{
	size_t slash = folder.len;

	while (slash > 0 && folder.data[slash - 1] != '/')
		slash--;
	snprintf(ret->parent, sizeof(ret->parent), "%.*s",
	    slash <= 1 ? 1 : (int)slash - 1, (const char *)folder.data);
	snprintf(ret->name, sizeof(ret->name), "%.*s",
	    SPAN_FMT(span_from(folder, slash)));
}

void
layout_of(const struct site *site, const char *dir, struct layout *ret)
{
	*ret = (struct layout){ 0 };
	add_entries(site, ret);
	snprintf(ret->name, sizeof(ret->name), "%.*s",
	    SPAN_FMT(site->lineage));
	snprintf(ret->parent, sizeof(ret->parent), "%.*s",
	    SPAN_FMT(site->folder));
	switch (site->layout) {
	case SITE_LAYOUT_SIGNET:
		ret->archive = true;
		site_folder(site, ret->name);
		snprintf(ret->parent, sizeof(ret->parent), "%s/live", dir);
		break;
	case SITE_LAYOUT_CERTBOT:
		snprintf(ret->parent, sizeof(ret->parent), "%.*s/live",
		    SPAN_FMT(site->folder));
		snprintf(ret->history, sizeof(ret->history),
		    "%.*s/archive/%.*s", SPAN_FMT(site->folder),
		    SPAN_FMT(site->lineage));
		snprintf(ret->link, sizeof(ret->link), "../../archive/%.*s/",
		    SPAN_FMT(site->lineage));
		break;
	case SITE_LAYOUT_LEGO:
		split_folder(site->folder, ret);
		break;
	case SITE_LAYOUT_DEHYDRATED:
	case SITE_LAYOUT_ACMESH:
		break;
	}
}

const char *
layout_name(const struct layout *layout, enum site_file file)
{
	for (size_t i = 0; i < layout->count; i++) {
		if (layout->entries[i].file == file)
			return layout->entries[i].name;
	}
	return NULL;
}

void
layout_real(const struct layout_entry *entry, int64_t number,
    char out[LAYOUT_NAME_SIZE])
{
	const char *mark = strchr(entry->real, LAYOUT_NUMBER);

	snprintf(out, LAYOUT_NAME_SIZE, "%.*s%" PRId64 "%s",
	    (int)(mark - entry->real), entry->real, number, mark + 1);
}

int64_t
layout_number_of(const struct layout_entry *entry, const char *name)
{
	const char *mark = strchr(entry->real, LAYOUT_NUMBER);
	size_t before = (size_t)(mark - entry->real);
	size_t after = strlen(mark + 1), len = strlen(name);
	uint64_t number;

	if (len <= before + after || memcmp(name, entry->real, before) != 0 ||
	    strcmp(name + len - after, mark + 1) != 0 ||
	    text_uint(span_of(name + before, len - before - after), INT64_MAX,
	    &number) < 0)
		return -1;
	return (int64_t)number;
}
