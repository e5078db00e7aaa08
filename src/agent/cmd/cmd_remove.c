/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/cmd.h"
#include "agent/server/server.h"

static int run(int argc, char **argv);

enum { OPTION_FORCE = 256 };

const struct cmd cmd_remove = {
	.name = "remove",
	.usage = "[OPTION]... SITE",
	.summary = "forget a site; its files go to the archive",
	.help =
	    "      --force        though a web server that serves it cannot be"
	    " asked\n"
	    CMD_COMMON_HELP,
	.run = run,
};

/* The file would bring it back. */
static int
check_origin(struct judge *judge, const char *name)
{
	struct arena arena = { 0 };
	struct state_site site;
	int r = CMD_OK;

	if (state_site_get(judge_state(judge), span_str(name), &arena, &site,
	    NULL) == 0 && site.origin == STATE_FROM_FILE)
		r = cmd_fail(&cmd_remove, "%s stands in the configuration "
		    "file; remove it there", name);
	arena_free(&arena);
	return r;
}

/* Where the site's first certificate is. */
static const char *
find_folder(struct judge *judge, int64_t site_id, struct arena *arena)
{
	int64_t ids[STATE_CERTS_PER_SITE];
	struct state_cert cert;
	size_t count = 0;

	state_cert_list(judge_state(judge), site_id, ids, &count, NULL);
	for (size_t i = 0; i < count; i++)
		if (state_cert_get(judge_state(judge), ids[i], arena, &cert,
		    NULL) == 0 && !cert.second)
			return arena_str(arena, cert.path);
	return "";
}

/* A server must not be left with files that are gone. */
static int
uninstall(const struct cmd_common *common, struct judge *judge,
    const char *name, bool force)
{
	struct arena arena = { 0 };
	struct state_site row;
	struct site_conf site = { 0 };
	struct server_cert cert = { .site = name, .names = &site.names };
	struct err err = ERR_INIT;
	int r = state_site_get(judge_state(judge), span_str(name), &arena,
	    &row, &err);

	if (r == 0)
		r = judge_read_site(&row, &site, &err);
	if (r == 0)
		cert.folder = find_folder(judge, row.id, &arena);
	for (size_t i = 0; i < site.install.count && r == 0; i++) {
		r = server_remove(common->dir_path, site.install.items[i],
		    &cert, &err);
		/* A server that is not installed any more serves nothing. */
		r = r == -(int)ERR_NOT_FOUND ? 0 : r;
		if (r == 0)
			continue;
		cmd_fail(&cmd_remove, "%s%s", err.text, force ?
		    "\n  what was put there stays" : "\n  what to do: mend "
		    "that; or, if that server is no more, say --force, too");
		r = force ? 0 : CMD_FAILED;
	}
	site_conf_done(&site);
	arena_free(&arena);
	/* What is unknown is said by who looks for its certificates. */
	return r == -(int)ERR_NOT_FOUND ? CMD_OK : r < 0 ?
	    cmd_fail(&cmd_remove, "%s", err.text) : r;
}

static int
work(struct cmd_common *common, struct judge *judge, const char *name,
    bool force)
{
	struct judge_tally tally;
	struct err err = ERR_INIT;
	int64_t id;
	int r = check_origin(judge, name);

	if (r == CMD_OK)
		r = uninstall(common, judge, name, force);
	if (r != CMD_OK)
		return r;
	if (cmd_common_add(judge, name, JUDGE_REMOVE, &id, &err) < 0)
		return cmd_fail(&cmd_remove, "%s", err.text);
	r = cmd_common_run(common, judge, &tally);
	/* Its certificates are gone; what is left is its name. */
	if (r == CMD_OK && state_site_del(judge_state(judge), id, &err) < 0)
		r = cmd_fail(&cmd_remove, "%s", err.text);
	return r;
}

static int
run(int argc, char **argv)
{
	static const struct option options[] = {
		CMD_COMMON_OPTIONS,
		{ "force", no_argument, NULL, OPTION_FORCE }, { 0 }
	};
	struct cmd_common common = { .cmd = &cmd_remove };
	struct judge *judge;
	bool force = false;
	int opt, r;

	while ((opt = getopt_long(argc, argv, CMD_COMMON_SHORT, options,
	    NULL)) != -1) {
		force = force || opt == OPTION_FORCE;
		if (opt != OPTION_FORCE &&
		    !cmd_common_take(&common, opt, optarg))
			return cmd_usage_only(&cmd_remove);
	}
	if (optind != argc - 1)
		return cmd_usage(&cmd_remove, "say which site");
	r = cmd_common_open(&common, true, &judge);
	if (r != CMD_OK)
		return r;
	r = work(&common, judge, argv[optind], force);
	judge_free(judge);
	return r;
}
