/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cmd.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The one that runs: its name is in what is said. */
static const struct cmd_program *program;

static bool
is_help(const char *text)
{
	return strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
}

static const struct cmd *
find(const char *name)
{
	const struct cmd *const *at = program->cmds;

	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at++;
	return *at;
}

static void
list(FILE *out)
{
	fprintf(out, "usage: %s COMMAND [OPTION]...\n\n%s\n\n", program->name,
	    program->summary);
	for (const struct cmd *const *at = program->cmds; *at != NULL; at++)
		fprintf(out, "  %-8s %s\n", (*at)->name, (*at)->summary);
	fprintf(out, "\n`%s COMMAND --help` tells its options; `%s --version` "
	    "tells the version.\n", program->name, program->name);
}

static void
put_help(const struct cmd *cmd)
{
	printf("usage: %s %s %s\n\n%s\n", program->name, cmd->name,
	    cmd->usage, cmd->summary);
	if (cmd->help != NULL)
		printf("\n%s", cmd->help);
}

static void __attribute__((format(printf, 2, 0)))
complain(const struct cmd *cmd, const char *fmt, va_list ap)
{
	fprintf(stderr, "%s %s: ", program->name, cmd->name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int
cmd_usage(const struct cmd *cmd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(cmd, fmt, ap);
	va_end(ap);
	return cmd_usage_only(cmd);
}

int
cmd_usage_only(const struct cmd *cmd)
{
	fprintf(stderr, "usage: %s %s %s\n`%s %s --help` tells what can be "
	    "said\n", program->name, cmd->name, cmd->usage, program->name,
	    cmd->name);
	return CMD_USAGE;
}

int
cmd_fail(const struct cmd *cmd, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(cmd, fmt, ap);
	va_end(ap);
	return CMD_FAILED;
}

/* What is no command's name. */
static int
other(const char *name)
{
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		printf("%s %s\n", program->name, SIGNET_VERSION);
		return CMD_OK;
	}
	if (is_help(name) || strcmp(name, "help") == 0) {
		list(stdout);
		return CMD_OK;
	}
	fprintf(stderr, "%s: there is no command '%s'\n\n", program->name,
	    name);
	list(stderr);
	return CMD_USAGE;
}

int
cmd_main(const struct cmd_program *which, int argc, char **argv)
{
	static char name[64];
	const struct cmd *cmd;

	program = which;
	if (argc < 2) {
		list(stderr);
		return CMD_USAGE;
	}
	cmd = find(argv[1]);
	if (cmd == NULL)
		return other(argv[1]);
	for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (is_help(argv[i])) {
			put_help(cmd);
			return CMD_OK;
		}
	}
	/* getopt_long begins what it complains of with it. */
	snprintf(name, sizeof(name), "%s %s", program->name, cmd->name);
	argv[1] = name;
	return cmd->run(argc - 1, argv + 1);
}
