/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/cmd.h"

#include <stdarg.h>
#include <string.h>

static const struct cmd *const cmds[] = {
	&cmd_get, &cmd_nginx, &cmd_apache, &cmd_haproxy, &cmd_renew, &cmd_run, &cmd_install, &cmd_status,
	&cmd_check, &cmd_revoke, &cmd_remove, &cmd_account, &cmd_import, &cmd_persist,
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
	fputs("usage: signet COMMAND [OPTION]...\n\n"
	    "Gets certificates from any ACME CA, and keeps them current.\n\n",
	    out);
	for (size_t i = 0; i < CMDS_COUNT; i++)
		fprintf(out, "  %-8s %s\n", cmds[i]->name, cmds[i]->summary);
	fputs("\n`signet COMMAND --help` tells its options; `signet --version` "
	    "tells the version.\n", out);
}

static void
help(const struct cmd *cmd)
{
	printf("usage: signet %s %s\n\n%s\n", cmd->name, cmd->usage,
	    cmd->summary);
	if (cmd->help != NULL)
		printf("\n%s", cmd->help);
}

static void __attribute__((format(printf, 2, 0)))
complain(const struct cmd *cmd, const char *fmt, va_list ap)
{
	fprintf(stderr, "signet %s: ", cmd->name);
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
	fprintf(stderr, "usage: signet %s %s\n`signet %s --help` tells what can be "
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

/* What is no command's name. */
static int
other(const char *name)
{
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		puts("signet " SIGNET_VERSION);
		return CMD_OK;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
	    strcmp(name, "help") == 0) {
		list(stdout);
		return CMD_OK;
	}
	fprintf(stderr, "signet: there is no command '%s'\n\n", name);
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
	for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0) {
			help(cmd);
			return CMD_OK;
		}
	}
	/* getopt_long begins what it complains of with it. */
	snprintf(name, sizeof(name), "signet %s", cmd->name);
	argv[1] = name;
	return cmd->run(argc - 1, argv + 1);
}
