/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/config_rows.h"
#include "conf/layout.h"
#include "master/check.h"
#include "master/cmd.h"

#include <getopt.h>
#include <limits.h>
#include <unistd.h>

enum { OPTION_KEYS = 256 };

static int cmd_check_run(int argc, char **argv);

const struct cmd cmd_check = {
	.name = "check",
	.usage = "-c FILE | --keys",
	.summary = "find every mistake in a configuration",
	.help = "  -c, --config FILE  the configuration to check\n"
	    "      --keys         print what a configuration can say\n",
	.run = cmd_check_run,
};

static int
print_keys(void)
{
	struct bld out;

	bld_init(&out, CONFIG_FILE_MAX);
	bld_str(&out, "# Configuration\n\n"
	    "What `signetd.conf` can say. `signetd check --keys` prints this "
	    "page.\n\n"
	    "A line has the form `key = value`, or `key = {\"a\", \"b\"}` for "
	    "a list. Values with spaces,\ncommas, `=`, `#`, quotes, brackets "
	    "or `//` stand between quotes. Comments begin with `#` or\n`//`, "
	    "or stand between `/*` and `*/`. A duration has a unit: `\"90 "
	    "days\"`, `6h`, `30min`, `10s`,\n`500ms`. Relative paths start at "
	    "the file's own folder.\n\n"
	    "After a change: `signetd check -c FILE`, then send SIGHUP to "
	    "signetd. It takes all of the new\nvalues, or says why not and "
	    "goes on with the old ones.\n");
	config_rows_doc(&out);
	fwrite(out.data, 1, out.len, stdout);
	bld_free(&out);
	return CMD_OK;
}

/* What is no mistake, but better known. */
static void
print_notes(const struct config *config)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", config->directory,
	    LAYOUT_ROOT_KEY);
	if (access(path, F_OK) == 0)
		printf("%s is still on this machine. The CA does not need it "
		    "to run: move it to a safe place.\n", path);
}

static void
print_summary(const char *file, const struct config *config)
{
	printf("%s: no mistakes found\n", file);
	printf("  ACME directory  %s/dir\n", config->base_url);
	for (size_t i = 0; i < config->num_listen; i++)
		printf("  listens at      %s\n", config->listen[i]);
	printf("  data            %s\n", config->directory);
	print_notes(config);
	/* Last and apart: nobody shall miss it. */
	fflush(stdout);
	check_can_issue(config->program, stderr);
}

static int
cmd_check_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "keys", no_argument, NULL, OPTION_KEYS }, { 0 }
	};
	struct config_errors errors = { 0 };
	struct err err = ERR_INIT;
	struct config config;
	const char *file = NULL;
	int opt;

	while ((opt = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (opt == OPTION_KEYS)
			return print_keys();
		if (opt != 'c')
			return cmd_usage_only(&cmd_check);
		file = optarg;
	}
	if (file == NULL || optind != argc)
		return cmd_usage(&cmd_check, "give one configuration file");
	if (check_all(file, &config, &errors, &err) != 0) {
		check_print(file, &errors, &err, stderr);
		return CMD_FAILED;
	}
	print_summary(file, &config);
	config_free(&config);
	return CMD_OK;
}
