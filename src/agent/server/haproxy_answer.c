/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/haproxy_answer.h"

#include "base/text.h"

char *
haproxy_answer_line(struct arena *arena, struct span *rest)
{
	while (rest->len > 0) {
		struct span line = span_cut(rest, '\n');

		if (line.len > 0 && line.data[0] != '#')
			return arena_str(arena, line);
	}
	return NULL;
}

int
haproxy_answer_pid(struct span answer)
{
	struct arena arena = { 0 };
	uint64_t pid = 0;
	const char *line;

	while (pid == 0 &&
	    (line = haproxy_answer_line(&arena, &answer)) != NULL)
		if (strncmp(line, "Pid: ", 5) == 0 &&
		    text_uint(span_str(line + 5), INT32_MAX, &pid) < 0)
			pid = 0;
	arena_free(&arena);
	return (int)pid;
}

/* "0 (/etc/haproxy/signet.map) pattern loaded from ..." */
char *
haproxy_answer_map(struct span answer, const char *name, struct arena *arena)
{
	size_t len = strlen(name);
	char *line;

	while ((line = haproxy_answer_line(arena, &answer)) != NULL) {
		char *open = strchr(line, '(');
		char *close = open == NULL ? NULL : strchr(open, ')');

		if (close == NULL || close - open <= (ptrdiff_t)len)
			continue;
		*close = '\0';
		if (strcmp(close - len, name) == 0)
			return open + 1;
	}
	return NULL;
}

static void
read_names(struct haproxy_cert *cert, char *line, struct arena *arena)
{
	char *save = NULL;

	if (cert->names == NULL)
		cert->names = arena_alloc(arena, HAPROXY_ANSWER_NAMES_MAX *
		    sizeof(*cert->names));
	for (char *w = strtok_r(line, ", ", &save);
	    w != NULL && cert->num_names < HAPROXY_ANSWER_NAMES_MAX;
	    w = strtok_r(NULL, ", ", &save))
		if (strncmp(w, "DNS:", 4) == 0)
			cert->names[cert->num_names++] = w + 4;
}

void
haproxy_answer_cert(struct span answer, struct arena *arena,
    struct haproxy_cert *ret)
{
	static const char alt[] = "Subject Alternative Name: ";
	static const char algorithm[] = "Algorithm: ";
	char *line;

	while ((line = haproxy_answer_line(arena, &answer)) != NULL)
		if (strncmp(line, alt, strlen(alt)) == 0)
			read_names(ret, line + strlen(alt), arena);
		else if (strncmp(line, algorithm, strlen(algorithm)) == 0)
			ret->rsa = strncmp(line + strlen(algorithm), "RSA",
			    3) == 0;
}
