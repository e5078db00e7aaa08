/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet nginx, apache, haproxy: asks the server which names it serves, and
 * gets and installs a certificate for each of its sites, as `signet get --via
 * nginx --install nginx NAME...` does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/server/server.h"
#include "base/file.h"

#define LIST_MAX (16 * 1024 * 1024) /* bytes of all names */
#define ARGUMENTS_MAX 128           /* that are given on */

struct server_run {
	const struct cmd *cmd;
	const struct server *server;
	const char *argument;
	bool list;
	int argc;
	char *argv[ARGUMENTS_MAX + 16];
};

/* What the server says is read by a process that ends then. */
static void __attribute__((noreturn))
ask_child(const struct server_run *run, int to)
{
	struct server_world world = { .argument = run->argument };
	struct err err = ERR_INIT;
	struct bld out;

	bld_init(&out, LIST_MAX);
	if (run->server->sites(&world, &out, &err) < 0) {
		bld_reset(&out);
		bld_fmt(&out, "! %s\n", err.text);
	}
	_exit(file_write(to, bld_view(&out)) < 0 ? EXIT_FAILURE :
	    EXIT_SUCCESS);
}

static int
ask(const struct server_run *run, struct bld *out)
{
	uint8_t data[16384];
	int ends[2], status = 1;
	ssize_t n;
	pid_t pid;

	if (pipe(ends) < 0)
		return cmd_fail(run->cmd, "cannot make a pipe: %s",
		    strerror(errno));
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		ask_child(run, ends[1]);
	}
	close(ends[1]);
	while ((n = read(ends[0], data, sizeof(data))) > 0)
		bld_bytes(out, data, (size_t)n);
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (status != 0 || bld_end(out) < 0)
		return cmd_fail(run->cmd, "%s could not be asked",
		    run->server->name);
	if (out->len > 2 && memcmp(out->data, "! ", 2) == 0)
		return cmd_fail(run->cmd, "%.*s", (int)out->len - 3,
		    (const char *)out->data + 2);
	return CMD_OK;
}

/* Lines of names; the others are said. */
static char **
take_lines(const struct server_run *run, char *text, size_t *ret_count)
{
	size_t count = 1;
	char **lines, *save = NULL;

	for (const char *c = text; *c != '\0'; c++)
		count += *c == '\n';
	lines = mem_alloc(count * sizeof(*lines));
	*ret_count = 0;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save)) {
		if (line[0] == '#')
			fprintf(stderr, "signet %s: %s\n", run->cmd->name,
			    line + 2);
		else
			lines[(*ret_count)++] = line;
	}
	return lines;
}

static int
get_all(struct server_run *run, char *text)
{
	size_t count;
	char **lines = take_lines(run, text, &count);
	int ret = CMD_OK;

	for (size_t i = 0; i < count && run->list; i++)
		puts(lines[i]);
	if (count == 0)
		ret = cmd_fail(run->cmd, "%s serves no name that could have a "
		    "certificate; give its sites names (%s)",
		    run->server->name, run->server == &server_nginx ?
		    "server_name" : run->server == &server_apache ?
		    "ServerName" : "certificates");
	else if (!run->list)
		ret = cmd_get_lines(run->cmd, run->argc, run->argv,
		    lines, count);
	free(lines);
	return ret;
}

/* Ours are taken out; all others are get's. */
static int
take(struct server_run *run, int argc, char **argv, struct bld *via)
{
	static char via_name[] = "--via", install_name[] = "--install", follow_name[] = "--follow-names",
	    follow_yes[] = "true";

	run->argv[run->argc++] = argv[0];
	/* First, so that it may be said otherwise. */
	if (run->server->look != NULL) {
		run->argv[run->argc++] = follow_name;
		run->argv[run->argc++] = follow_yes;
	}
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--list") == 0)
			run->list = true;
		else if (strncmp(argv[i], "--server=", 9) == 0)
			run->argument = argv[i] + 9;
		else if (strcmp(argv[i], "--server") == 0 && i + 1 < argc)
			run->argument = argv[++i];
		else if (run->argc == ARGUMENTS_MAX)
			return cmd_usage(run->cmd, "too many options");
		else
			run->argv[run->argc++] = argv[i];
	}
	bld_fmt(via, "%s%s%s%c", run->server->name, run->argument[0] == '\0' ?
	    "" : "=", run->argument, 0);
	run->argv[run->argc++] = via_name;
	run->argv[run->argc++] = (char *)via->data;
	run->argv[run->argc++] = install_name;
	run->argv[run->argc++] = (char *)via->data;
	return CMD_OK;
}

static int
run_server(const struct cmd *cmd, int argc, char **argv)
{
	struct server_run run = { .cmd = cmd, .argument = "",
	    .server = server_find(cmd->name) };
	struct bld via, list;
	int r;

	bld_init(&via, 8192);
	bld_init(&list, LIST_MAX + 1);
	r = take(&run, argc, argv, &via);
	if (r == CMD_OK)
		r = ask(&run, &list);
	if (r == CMD_OK) {
		bld_u8(&list, 0);
		r = get_all(&run, (char *)list.data);
	}
	bld_free(&via);
	bld_free(&list);
	return r;
}

#define SERVER_CMD(NAME, TITLE, WHAT) \
	static int \
	run_##NAME(int argc, char **argv) \
	{ \
		return run_server(&cmd_##NAME, argc, argv); \
	} \
	const struct cmd cmd_##NAME = { \
		.name = #NAME, \
		.usage = "[OPTION]... [OPTION OF GET]...", \
		.summary = "get and install a certificate for each site of " \
		    TITLE, \
		.help = "      --list             only say which there are\n" \
		    "      --server " WHAT "\n" \
		    "All options of signet get may be given, too, but no names: " \
		    TITLE " says\nwhich it serves.\n", \
		.run = run_##NAME, \
	}

SERVER_CMD(nginx, "nginx", "FILE      its configuration, if not the usual "
    "one");
SERVER_CMD(apache, "Apache", "FILE      its configuration, if not the usual "
    "one");
SERVER_CMD(haproxy, "HAProxy", "SOCKET    its runtime socket, if not the "
    "usual one");
