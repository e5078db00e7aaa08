/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/served.h"
#include "agent/cmd/status.h"

static int run(int argc, char **argv);

const struct cmd cmd_status = {
	.name = "status",
	.usage = "[OPTION]... [SITE]...",
	.summary = "tell what there is, when it is renewed, and what is wrong",
	.help =
	    "      --served       connect, too, and compare what is served now:"
	    " at --verify's\n"
	    "                     places, or at port 443 of the names\n"
	    "      --json         for programs: docs/status-json.md\n"
	    CMD_COMMON_HELP,
	.run = run,
};

enum { OPTION_JSON = 256, OPTION_SERVED };

static int
load(struct judge *judge, int argc, char **argv, struct status *ret,
    struct err *err)
{
	int r = 0;

	if (argc == 0)
		return status_load_all(judge, ret, err);
	for (int i = 0; r == 0 && i < argc; i++)
		r = status_load(judge, argv[i], ret, err);
	return r;
}

static int
run(int argc, char **argv)
{
	static const struct option options[] = {
		CMD_COMMON_OPTIONS,
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "served", no_argument, NULL, OPTION_SERVED }, { 0 }
	};
	struct cmd_common common = { .cmd = &cmd_status };
	struct status status = { 0 };
	struct judge *judge;
	struct err err = ERR_INIT;
	struct bld out;
	bool json = false, served = false;
	int opt, r;

	while ((opt = getopt_long(argc, argv, CMD_COMMON_SHORT, options,
	    NULL)) != -1) {
		if (opt == OPTION_JSON)
			json = true;
		else if (opt == OPTION_SERVED)
			served = true;
		else if (!cmd_common_take(&common, opt, optarg))
			return cmd_usage_only(&cmd_status);
	}
	r = cmd_common_open(&common, false, &judge);
	if (r != CMD_OK)
		return r;
	if (judge != NULL && load(judge, argc - optind, argv + optind,
	    &status, &err) < 0)
		r = cmd_fail(&cmd_status, "%s", err.text);
	if (judge != NULL && r == CMD_OK && served)
		served_look(judge_loop(judge), &status);
	bld_init(&out, STATUS_TEXT_MAX);
	if (r == CMD_OK && json)
		status_put_json(&out, &status);
	else if (r == CMD_OK)
		status_put_words(&out, &status);
	if (r == CMD_OK && !json && judge == NULL &&
	    cmd_common_has_config(&common))
		bld_fmt(&out, "Those of %s are taken up by `signet renew`.\n",
		    cmd_common_config(&common));
	fwrite(out.data == NULL ? (const uint8_t *)"" : out.data, 1, out.len,
	    stdout);
	/* What is broken is told to scripts, too. */
	if (r == CMD_OK && status.num_broken > 0)
		r = CMD_FAILED;
	bld_free(&out);
	status_done(&status);
	judge_free(judge);
	return r;
}
