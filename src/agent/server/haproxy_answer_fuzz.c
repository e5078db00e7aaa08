/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As each of HAProxy's answers: lines have no line's end and are not empty, a
 * map's path ends as asked, names are words.
 */
#include <stdlib.h>

#include "agent/server/haproxy_answer.h"

static void
check(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of(data, size), rest = input;
	struct arena arena = { 0 };
	struct haproxy_cert cert = { 0 };
	const char *line, *map;

	while ((line = haproxy_answer_line(&arena, &rest)) != NULL)
		check(strchr(line, '\n') == NULL && line[0] != '#');
	check(haproxy_answer_pid(input) >= 0);
	map = haproxy_answer_map(input, ".map", &arena);
	check(map == NULL || (strlen(map) >= 4 &&
	    strcmp(map + strlen(map) - 4, ".map") == 0));
	haproxy_answer_cert(input, &arena, &cert);
	check(cert.num_names <= HAPROXY_ANSWER_NAMES_MAX);
	for (size_t i = 0; i < cert.num_names; i++)
		check(strpbrk(cert.names[i], ", \n") == NULL);
	arena_free(&arena);
	return 0;
}
