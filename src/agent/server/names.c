/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/names.h"

#include <stdio.h>

#include "base/text.h"
#include "pkix/ident.h"

#define REMARKS_MAX 65536 /* bytes */

void
names_block(struct names *names)
{
	names->num_blocks++;
}

static void
remark(struct names *names, const char *name, const char *why)
{
	char plain[ERR_TEXT_SIZE];

	if (names->remarks.max == 0)
		bld_init(&names->remarks, REMARKS_MAX);
	text_printable(plain, sizeof(plain), span_str(why));
	if (names->remarks.len + strlen(name) + strlen(plain) + 8 < REMARKS_MAX)
		bld_fmt(&names->remarks, "# %s: %s\n", name, plain);
}

void
names_add(struct names *names, struct span name)
{
	struct arena arena = { 0 };
	struct ident ident;
	struct err err = ERR_INIT;
	char shown[128];

	if (name.len > 1 && name.data[0] == '.') {
		remark(names, "*", "a wildcard of a \".name\" is left out, "
		    "which only DNS can prove");
		name = span_from(name, 1);
	}
	/* A quoted line feed would begin a line of our own form. */
	text_printable(shown, sizeof(shown), name);
	if (name.len == 0 || span_equal_str(name, "_"))
		return;
	if (name.data[0] == '~')
		remark(names, shown, "left out, as nobody can tell which "
		    "names a regular expression means");
	else if (memchr(name.data, '*', name.len) != NULL)
		remark(names, shown, "left out, as only DNS can prove a "
		    "wildcard: signet get --via dns=NAME");
	else if (memchr(name.data, '.', name.len) == NULL)
		remark(names, shown, "left out, as it is no public name");
	else if (ident_parse(SPAN_LIT("dns"), name, &arena, &ident, &err) < 0)
		remark(names, shown, err.text);
	else {
		if (names->count == names->cap) {
			names->cap = names->cap * 2 + 64;
			names->entries = mem_realloc(names->entries,
			    names->cap * sizeof(*names->entries));
		}
		names->entries[names->count++] = (struct names_entry){
		    .name = mem_strdup(arena_str(&arena, ident.value)),
		    .block = names->num_blocks };
	}
	arena_free(&arena);
}

/* ---- blocks that share a name are one: union-find ----------------------- */

static size_t
root_of(size_t *parents, size_t i)
{
	while (parents[i] != i) {
		parents[i] = parents[parents[i]];
		i = parents[i];
	}
	return i;
}

static int
by_name(const void *a, const void *b)
{
	const struct names_entry *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r != 0 ? r : (x->block > y->block) - (x->block < y->block);
}

static int
by_block(const void *a, const void *b)
{
	const struct names_entry *x = a, *y = b;

	return x->block != y->block ? (x->block > y->block) -
	    (x->block < y->block) : strcmp(x->name, y->name);
}

static void
merge(struct names *names)
{
	size_t *parents = mem_alloc((names->num_blocks + 1) *
	    sizeof(*parents));
	struct names_entry *e = names->entries;

	for (size_t i = 0; i <= names->num_blocks; i++)
		parents[i] = i;
	qsort(e, names->count, sizeof(*e), by_name);
	for (size_t i = 1; i < names->count; i++)
		if (strcmp(e[i].name, e[i - 1].name) == 0) {
			size_t a = root_of(parents, e[i - 1].block);
			size_t b = root_of(parents, e[i].block);

			parents[a > b ? a : b] = a > b ? b : a;
		}
	for (size_t i = 0; i < names->count; i++)
		e[i].block = root_of(parents, e[i].block);
	qsort(e, names->count, sizeof(*e), by_block);
	free(parents);
}

/* The shortest first: the certificate is called by it. */
static void
put_certificate(struct bld *out, const char *before,
    struct names_entry *first, size_t count)
{
	size_t best = 0, put = 0;

	for (size_t i = 1; i < count; i++)
		if (strlen(first[i].name) < strlen(first[best].name))
			best = i;
	bld_fmt(out, "%s%s", before, first[best].name);
	for (size_t i = 0; i < count; i++) {
		if (i == best || (i > 0 &&
		    strcmp(first[i].name, first[i - 1].name) == 0) ||
		    strcmp(first[i].name, first[best].name) == 0)
			continue;
		/* Too many for one certificate: another. */
		if (++put % IDENT_LIST_MAX == 0)
			bld_fmt(out, "\n%s%s", before, first[i].name);
		else
			bld_fmt(out, " %s", first[i].name);
	}
	bld_str(out, "\n");
}

void
names_put(struct names *names, const char *before, struct bld *out)
{
	size_t from = 0;

	if (names->count > 0)
		merge(names);
	for (size_t i = 1; i <= names->count; i++)
		if (i == names->count ||
		    names->entries[i].block != names->entries[from].block) {
			put_certificate(out, before, names->entries + from,
			    i - from);
			from = i;
		}
	bld_span(out, bld_view(&names->remarks));
}

void
names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->entries[i].name);
	free(names->entries);
	bld_free(&names->remarks);
	*names = (struct names){ 0 };
}
