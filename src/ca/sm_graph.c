/* SPDX-License-Identifier: Apache-2.0 */

/*
 * sm-graph: draws the state machines as Mermaid diagrams.
 *
 *   sm-graph               prints all
 *   sm-graph --check FILE  fails unless FILE holds each of them as it is
 */

#include <stdio.h>
#include <string.h>

#include "base/bld.h"
#include "ca/account_sm.h"
#include "ca/authz_sm.h"
#include "ca/challenge_sm.h"
#include "ca/order_sm.h"

#define TEXT_MAX (1024 * 1024) /* bytes of the document */

static const struct sm *const machines[] = {
	&account_sm, &order_sm, &authz_sm, &challenge_sm,
};
#define NUM_MACHINES (sizeof(machines) / sizeof(machines[0]))

static void
draw(struct bld *out, const struct sm *sm)
{
	bld_str(out, "```mermaid\nstateDiagram-v2\n");
	bld_fmt(out, "    [*] --> %s\n", sm->state_name(sm->initial));
	for (size_t i = 0; i < sm->num_rows; i++)
		bld_fmt(out, "    %s --> %s: %s\n",
		    sm->state_name(sm->rows[i].from),
		    sm->state_name(sm->rows[i].to),
		    sm->event_name(sm->rows[i].event));
	bld_str(out, "```\n");
}

static int
read_file(const char *path, struct bld *out)
{
	FILE *file = fopen(path, "rb");
	char buf[4096];
	size_t n;

	if (file == NULL) {
		perror(path);
		return 1;
	}
	while ((n = fread(buf, 1, sizeof(buf), file)) > 0)
		bld_bytes(out, buf, n);
	fclose(file);
	return bld_end(out) < 0;
}

static int
check(const char *path)
{
	struct bld doc, graph;
	int failed;

	bld_init(&doc, TEXT_MAX);
	bld_init(&graph, TEXT_MAX);
	failed = read_file(path, &doc);
	for (size_t i = 0; i < NUM_MACHINES && !failed; i++) {
		bld_reset(&graph);
		draw(&graph, machines[i]);
		if (memmem(doc.data, doc.len, graph.data, graph.len) != NULL)
			continue;
		fprintf(stderr, "%s does not show the %s as it is: put what "
		    "sm-graph prints there:\n%.*s", path, machines[i]->name,
		    SPAN_FMT(bld_view(&graph)));
		failed = 1;
	}
	bld_free(&doc);
	bld_free(&graph);
	return failed;
}

static int
print_all(void)
{
	struct bld out;

	bld_init(&out, TEXT_MAX);
	for (size_t i = 0; i < NUM_MACHINES; i++) {
		bld_fmt(&out, "## %s\n\n", machines[i]->name);
		draw(&out, machines[i]);
		bld_str(&out, "\n");
	}
	fwrite(out.data, 1, out.len, stdout);
	bld_free(&out);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 1)
		return print_all();
	if (argc == 3 && strcmp(argv[1], "--check") == 0)
		return check(argv[2]);
	fputs("usage: sm-graph [--check FILE]\n", stderr);
	return 2;
}
