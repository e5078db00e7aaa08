/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_problem.h"

#include <stdio.h>

#include "client/client_names.h"
#include "client/client_text.h"

static struct span
get_text(const json_t *obj, const char *name)
{
	return span_str(json_string_value(json_object_get(obj, name)));
}

/* The type without ACME's prefix, and without that of its drafts. */
static struct span
read_type(struct arena *arena, const json_t *json)
{
	static const char *const prefixes[] = {
		"urn:ietf:params:acme:error:", "urn:acme:error:"
	};
	struct span type = get_text(json, "type");

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (type.len > 0 &&
		    span_starts_with(type, span_str(prefixes[i])))
			type = span_from(type, strlen(prefixes[i]));
	}
	return client_text_clean(arena, type);
}

static void
read_sub(struct arena *arena, const json_t *json,
    struct client_subproblem *ret)
{
	const json_t *ident = json_object_get(json, "identifier");

	*ret = (struct client_subproblem){
		.type = read_type(arena, json),
		.detail = client_text_clean(arena, get_text(json, "detail")),
	};
	if (ident_parse(get_text(ident, "type"), get_text(ident, "value"),
	    arena, &ret->ident, NULL) < 0)
		ret->ident = (struct ident){ 0 };
}

void
client_problem_read(struct arena *arena, const json_t *json,
    struct client_problem *ret)
{
	const json_t *array = json_object_get(json, "subproblems");
	struct span instance = get_text(json, "instance");
	struct client_subproblem *subs;
	size_t size = json_array_size(array);

	*ret = (struct client_problem){
		.cause = CLIENT_REFUSED,
		.type = read_type(arena, json),
		.detail = client_text_clean(arena, get_text(json, "detail")),
	};
	if (client_url_check(instance, false, NULL) == 0)
		ret->instance = arena_dup(arena, instance);
	if (ret->detail.len == 0)
		ret->detail = client_text_clean(arena, get_text(json, "title"));
	if (size > CLIENT_SUBPROBLEMS_MAX)
		size = CLIENT_SUBPROBLEMS_MAX;
	if (size == 0)
		return;
	subs = arena_alloc(arena, size * sizeof(*subs));
	for (size_t i = 0; i < size; i++)
		read_sub(arena, json_array_get(array, i), &subs[i]);
	ret->subs = subs;
	ret->num_subs = size;
}

void
client_problem_say(struct arena *arena, struct client_problem *problem,
    const char *fmt, ...)
{
	char text[CLIENT_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	problem->detail = client_text_clean(arena, span_str(text));
}

void
client_problem_of(struct arena *arena, enum client_cause cause,
    const struct err *err, struct client_problem *ret)
{
	*ret = (struct client_problem){
		.cause = cause,
		.detail = client_text_clean(arena, span_str(err->text)),
	};
}

void
client_problem_copy(struct arena *arena, const struct client_problem *problem,
    struct client_problem *ret)
{
	struct client_subproblem *subs;

	*ret = *problem;
	ret->type = arena_dup(arena, problem->type);
	ret->detail = arena_dup(arena, problem->detail);
	ret->instance = arena_dup(arena, problem->instance);
	ret->terms_url = arena_dup(arena, problem->terms_url);
	if (problem->num_subs == 0)
		return;
	subs = arena_alloc(arena, problem->num_subs * sizeof(*subs));
	for (size_t i = 0; i < problem->num_subs; i++) {
		subs[i] = problem->subs[i];
		subs[i].type = arena_dup(arena, subs[i].type);
		subs[i].detail = arena_dup(arena, subs[i].detail);
		subs[i].ident.value = arena_dup(arena, subs[i].ident.value);
	}
	ret->subs = subs;
}

bool
client_problem_is(const struct client_problem *problem, const char *type)
{
	return problem->cause == CLIENT_REFUSED &&
	    span_equal_str(problem->type, type);
}
