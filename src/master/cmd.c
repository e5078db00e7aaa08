/* SPDX-License-Identifier: Apache-2.0 */
#include "master/cmd.h"

#include <stdarg.h>
#include <string.h>

static const struct cmd *const cmds[] = {
	&cmd_init, &cmd_check, &cmd_run, &cmd_dev,
};
#define CMDS_COUNT (sizeof(cmds) / sizeof(cmds[0]))

static const struct cmd *
find(const char *name)
{
	for (size_t i = 0; i < CMDS_COUNT; i++) {
		if (strcmp(cmds[i]->name, name) == 0)
			return cmds[i];
	}
	return NULL;
}

static void
list(FILE *out)
{
	fputs("usage: signetd COMMAND [OPTION]...\n\n"
	    "A certificate authority that speaks ACME (RFC 8555).\n\n", out);
	for (size_t i = 0; i < CMDS_COUNT; i++)
		fprintf(out, "  %-8s %s\n", cmds[i]->name, cmds[i]->summary);
	fputs("\n`signetd COMMAND --help` tells its options; `signetd "
	    "--version` tells the version.\n", out);
}

static void
put_help(const struct cmd *cmd, FILE *out)
{
	fprintf(out, "usage: signetd %s %s\n\n%s\n", cmd->name, cmd->usage,
	    cmd->summary);
	if (cmd->help != NULL)
		fprintf(out, "\n%s", cmd->help);
}

static void __attribute__((format(printf, 2, 0)))
complain(const struct cmd *cmd, const char *fmt, va_list ap)
{
	fprintf(stderr, "signetd %s: ", cmd->name);
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
	fprintf(stderr, "usage: signetd %s %s\n`signetd %s --help` tells what can be "
	    "said\n", cmd->name, cmd->usage, cmd->name);
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

static int
print_version(void)
{
	puts("signetd " SIGNET_VERSION);
	return CMD_OK;
}

static int
print_list(void)
{
	list(stdout);
	return CMD_OK;
}

/* What is no command's name. */
static int
other(const char *name)
{
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		return print_version();
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
	    strcmp(name, "help") == 0)
		return print_list();
	fprintf(stderr, "signetd: there is no command '%s'\n\n", name);
	list(stderr);
	return CMD_USAGE;
}

int
cmd_main(int argc, char **argv)
{
	static char name[64];
	const struct cmd *cmd;

	if (argc < 2) {
		list(stderr);
		return CMD_USAGE;
	}
	cmd = find(argv[1]);
	if (cmd == NULL)
		return other(argv[1]);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0) {
			put_help(cmd, stdout);
			return CMD_OK;
		}
		if (strcmp(argv[i], "--") == 0)
			break;
	}
	/* getopt_long begins what it complains of with it. */
	snprintf(name, sizeof(name), "signetd %s", cmd->name);
	argv[1] = name;
	return cmd->run(argc - 1, argv + 1);
}
