/* SPDX-License-Identifier: Apache-2.0 */
#include "master/api_leaf.h"
#include "master/check.h"
#include "master/cmd.h"
#include "master/master.h"

#include <getopt.h>

static int cmd_run_run(int argc, char **argv);

const struct cmd cmd_run = {
	.name = "run",
	.usage = "-c FILE",
	.summary = "run the CA of a configuration until SIGTERM",
	.help = "  -c, --config FILE  the configuration, as `signetd init` "
	    "writes it\n"
	    "SIGHUP makes it read the configuration and the API's certificate "
	    "again.\n",
	.run = cmd_run_run,
};

/* A failed renewal must not stop a CA whose certificate is still good;
 * check_all finds one that is not. */
static void
refresh(const char *file)
{
	struct config_errors errors = { 0 };
	struct err err = ERR_INIT;
	struct config config;
	bool renewed;

	if (config_read(file, &config, &errors, &err) != 0)
		return; /* check_all says why */
	if (api_leaf_refresh(&config, &renewed, &err) != 0)
		fprintf(stderr, "signetd run: %s\n", err.text);
	config_free(&config);
}

static int
cmd_run_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { 0 }
	};
	struct config_errors errors = { 0 };
	struct err err = ERR_INIT;
	struct master_options master = { .refresh = api_leaf_refresh };
	int opt;

	while ((opt = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (opt != 'c')
			return cmd_usage_only(&cmd_run);
		master.config_file = optarg;
	}
	if (master.config_file == NULL || optind != argc)
		return cmd_usage(&cmd_run, "give one configuration file");
	refresh(master.config_file);
	if (check_all(master.config_file, &master.config, &errors, &err) != 0) {
		check_print(master.config_file, &errors, &err, stderr);
		return CMD_FAILED;
	}
	check_can_issue(master.config.program, stderr);
	return master_run(&master);
}
