/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/check_words.h"

static const struct check_finding *
next_told(const struct check_finding *at, bool brief)
{
	while (at != NULL && brief && at->is.level < PROBE_WARNING)
		at = at->next;
	return at;
}

/* Is it about the name as such, not about one of its addresses? */
static bool
is_of_name(const struct check_name *name, const struct probe_finding *finding)
{
	return span_equal(finding->subject, name->ident.value) ||
	    span_equal_str(finding->subject, name->said);
}

static bool
is_same_finding(const struct check_name *a, const struct probe_finding *in_a,
    const struct check_name *b, const struct probe_finding *in_b)
{
	return in_a->topic == in_b->topic && in_a->level == in_b->level &&
	    span_equal(in_a->text, in_b->text) &&
	    span_equal(in_a->remedy, in_b->remedy) &&
	    (span_equal(in_a->subject, in_b->subject) ||
	    (is_of_name(a, in_a) && is_of_name(b, in_b)));
}

static bool
is_same(const struct check_name *a, const struct check_name *b, bool brief)
{
	const struct check_finding *in_a = next_told(a->first, brief);
	const struct check_finding *in_b = next_told(b->first, brief);

	while (in_a != NULL && in_b != NULL &&
	    is_same_finding(a, &in_a->is, b, &in_b->is)) {
		in_a = next_told(in_a->next, brief);
		in_b = next_told(in_b->next, brief);
	}
	return in_a == NULL && in_b == NULL;
}

/* alone: the heading has no other name. */
static void
put_finding(struct bld *out, const struct check_name *name,
    const struct probe_finding *finding, bool alone)
{
	static const char *const marks[PROBE_LEVEL_COUNT] = {
		[PROBE_GOOD] = "ok", [PROBE_NOTE] = "note",
		[PROBE_WARNING] = "warning", [PROBE_PROBLEM] = "PROBLEM",
	};
	bool subject = finding->subject.len > 0 &&
	    (alone || !is_of_name(name, finding));

	bld_fmt(out, "  %-8s %-7s ", marks[finding->level],
	    judge_probe_topic_name(finding->topic));
	if (subject)
		bld_fmt(out, "%.*s: ", SPAN_FMT(finding->subject));
	bld_fmt(out, "%.*s\n", SPAN_FMT(finding->text));
	if (finding->remedy.len > 0 && finding->level >= PROBE_WARNING)
		bld_fmt(out, "           what to do: %.*s\n",
		    SPAN_FMT(finding->remedy));
}

/* The names with the findings of the one at first; false: an earlier one has
 * told them. */
static bool
put_names(struct bld *out, const struct check_name *names, size_t count,
    size_t first, bool brief, bool *ret_alone)
{
	bool good = brief && names[first].worst < PROBE_WARNING;

	for (size_t i = 0; i < first; i++)
		if (is_same(&names[i], &names[first], brief))
			return false;
	bld_str(out, good ? "  ok       " : "");
	*ret_alone = true;
	for (size_t i = first; i < count; i++) {
		if (!is_same(&names[i], &names[first], brief))
			continue;
		*ret_alone = *ret_alone && i == first;
		bld_fmt(out, "%s%s", i == first ? "" : " ", names[i].said);
	}
	bld_str(out, "\n");
	return true;
}

void
check_words_put(struct bld *out, const struct check_name *names, size_t count,
    bool brief)
{
	const struct check_finding *at;
	bool alone;

	for (size_t i = 0; i < count; i++) {
		if (!put_names(out, names, count, i, brief, &alone))
			continue;
		for (at = next_told(names[i].first, brief); at != NULL;
		    at = next_told(at->next, brief))
			put_finding(out, &names[i], &at->is, alone);
	}
}
