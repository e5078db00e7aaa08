/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/import/import.h"
#include "agent/solvers/solver.h"
#include "base/text.h"

static int run(int argc, char **argv);

const struct cmd cmd_import = {
	.name = "import",
	.usage = "certbot|dehydrated|lego|acme.sh [OPTION]... [DIR]",
	.summary = "take over accounts and certificates of another client",
	.help =
	    "  Certificates stay where they are and are not issued anew; they "
	    "are renewed\n  in place. Nothing of the other client is "
	    "removed.\n\n"
	    "      --ca URL       the CA's directory, where DIR does not say "
	    "it\n"
	    "      --ca-file PEM  whom to trust as the CA's server\n"
	    "      --via HOW      how control is proven, where DIR does not say"
	    " it\n"
	    "      --undo         forget what was taken over from DIR; files"
	    " and hooks\n"
	    "                     stay as they are, for the other client to go"
	    " on\n"
	    CMD_COMMON_HELP,
	.run = run,
};

enum { OPTION_CA = 256, OPTION_CA_FILE, OPTION_VIA, OPTION_UNDO };

struct import_run {
	struct cmd_common common;
	const struct import_program *program;
	const char *ca, *ca_file, *via;
	bool undo;
	char dir[PATH_MAX];
	struct judge *judge;
	struct import found;
	size_t notes;
	struct row_list asked;   /* CAs of sites that were taken */
	struct row_list kept;    /* CAs of sites that stay */
};

static void
note(void *ctx, const char *item, const char *text)
{
	struct import_run *import = ctx;
	char shown[2][ERR_TEXT_SIZE + 64];

	/* Names of files are what their owner likes. */
	text_printable(shown[0], sizeof(shown[0]), span_str(item));
	text_printable(shown[1], sizeof(shown[1]), span_str(text));
	import->notes++;
	fprintf(stderr, "signet import: %s: %s\n", shown[0], shown[1]);
}

/* Another program wrote it down; the CA's word is not looked at here. */
static void
say_account(const char *kid, const char *what)
{
	char shown[ERR_TEXT_SIZE];

	text_printable(shown, sizeof(shown), span_str(kid));
	printf("account %s: %s\n", shown, what);
}

static int
find_dir(struct import_run *import, const char *given)
{
	const char *dir = given == NULL ? import->program->dir : given;
	const char *home = getenv("HOME");
	char text[PATH_MAX];
	struct stat st = { 0 };

	snprintf(text, sizeof(text), "%s%s", dir[0] == '~' ?
	    home == NULL ? "/root" : home : "", dir + (dir[0] == '~'));
	if (realpath(text, import->dir) == NULL)
		return cmd_fail(&cmd_import, "there is no folder %s; write "
		    "the one of %s", text, import->program->name);
	/* Hooks and scripts in it are run later, by whoever runs this. */
	if (geteuid() == 0 && (stat(import->dir, &st) < 0 || st.st_uid != 0))
		return cmd_fail(&cmd_import, "%s belongs to the user with id "
		    "%u, and root would run what that user writes there; run "
		    "signet as that user, or give the folder to root first",
		    import->dir, (unsigned)st.st_uid);
	return CMD_OK;
}

/* ---- accounts ----------------------------------------------------------- */

/* Its row, if there is none for that CA yet; key->id is 0 if it stays out. */
static int
add_account(struct import_run *import, const struct import_account *account,
    struct judge_import_key *key, struct err *err)
{
	struct state *state = judge_state(import->judge);
	struct state_account row = { .directory = span_str(account->directory),
	    .kid = span_str(account->kid),
	    .contacts = span_str(account->contacts),
	    .created_at = judge_now(import->judge) }, known;
	struct arena arena = { 0 };
	int r = state_account_get(state, row.directory, &arena, &known, err);

	*key = (struct judge_import_key){ .file = account->key_file };
	if (r == 0 && span_equal(known.kid, row.kid))
		say_account(account->kid, "taken over before");
	else if (r == 0)
		note(import, account->kid, "the account is not taken: there "
		    "is another one at that CA; `signet account show` lists "
		    "it");
	arena_free(&arena);
	if (r != -(int)ERR_NOT_FOUND)
		return r;
	err->kind = ERR_NONE;
	r = state_account_add(state, &row, err);
	if (r == 0)
		r = state_account_set(state, &row, err);
	key->id = row.id;
	return r;
}

/* Ours is private, and the account is the same: whoever has read the key can
 * have it closed, or get certificates. */
static void
warn_of_readers(struct import_run *import,
    const struct import_account *account, const struct judge_import_key *key)
{
	char text[ERR_TEXT_SIZE];

	if (!key->open)
		return;
	snprintf(text, sizeof(text), "others can read the account's key: "
	    "`chmod 600 %s` (our copy is private). If somebody may have read "
	    "it, give the account another: `signet account rollover --ca %s`; "
	    "%s cannot use it then", key->file, account->directory,
	    import->program->name);
	note(import, account->kid, text);
}

/* A row without a key would be an account that cannot sign. */
static int
settle_account(struct import_run *import, const struct import_account *account,
    const struct judge_import_key *key, struct err *err)
{
	if (key->err.kind == ERR_NONE) {
		say_account(account->kid, "taken over");
		warn_of_readers(import, account, key);
		return 0;
	}
	note(import, account->kid, key->err.text);
	return state_account_del(judge_state(import->judge), key->id, err);
}

static int
take_accounts(struct import_run *import, struct err *err)
{
	size_t count = import->found.num_accounts, n = 0;
	struct judge_import_key *keys = mem_zalloc((count + 1) *
	    sizeof(keys[0]));
	size_t *which = mem_zalloc((count + 1) * sizeof(which[0]));
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		r = add_account(import, &import->found.accounts[i], &keys[n],
		    err);
		which[n] = i;
		if (keys[n].id != 0)
			n++;
	}
	if (r == 0 && n > 0)
		r = judge_run_import(import->judge, keys, n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = settle_account(import, &import->found.accounts[which[i]],
		    &keys[i], err);
	free(keys);
	free(which);
	return r;
}

/* ---- certificates ------------------------------------------------------- */

/* Is it one of the other client's folder? */
static bool
is_of(const struct import_run *import, const struct site_conf *site)
{
	struct site_conf_layout layout;
	size_t len = strlen(import->dir);

	if (site->layout == NULL)
		return false;
	layout = site_conf_layout(site);
	return span_equal_str(layout.program, import->program->name) &&
	    span_starts_with(layout.folder, span_str(import->dir)) &&
	    (layout.folder.len == len || layout.folder.data[len] == '/');
}

/* The terms were agreed to when the account was made. */
static int
set_authority(struct import_run *import, const char *name, struct err *err)
{
	struct authority authority;
	int r = judge_find_authority(import->judge, name, &authority, err);

	if (r < 0)
		return r;
	authority.agree_terms = ROW_YES;
	if (import->ca_file != NULL) {
		row_clear(row_find(authority_rows, "ca_file"), &authority);
		r = row_set(row_find(authority_rows, "ca_file"), &authority,
		    import->ca_file, NULL, err);
	}
	if (r == 0)
		r = judge_set_authority(import->judge, &authority,
		    STATE_FROM_COMMAND, err);
	authority_done(&authority);
	return r;
}

/* What cannot be done here is left out, and said. */
static void
check_via(struct import_run *import, struct site_conf *site)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < site->via.count; i++) {
		if (solver_check(site->via.items[i], &err) < 0)
			note(import, site->name, err.text);
	}
}

/* One that is there already. What was taken over by an earlier run is trusted
 * as this one says: --ca-file is often missed then. */
static int
take_again(struct import_run *import, const struct site_conf *site,
    const struct state_site *row, struct err *err)
{
	struct site_conf known;
	int r = judge_read_site(row, &known, err);
	bool ours;

	if (r < 0)
		return r;
	ours = is_of(import, &known);
	for (size_t i = 0; ours && r == 0 && i < known.ca.count; i++) {
		if (import->ca_file != NULL)
			r = set_authority(import, known.ca.items[i], err);
		if (!row_list_has(&import->asked, known.ca.items[i]))
			row_list_add(&import->asked, known.ca.items[i]);
	}
	if (r == 0 && ours)
		printf("%s: taken over before%s\n", site->name,
		    import->ca_file != NULL ? "; its CA is trusted by "
		    "--ca-file now" : "");
	else if (r == 0)
		note(import, site->name, "there is a site of that name "
		    "already; it stays as it is: `signet get` changes what is "
		    "said of it");
	site_conf_done(&known);
	return r;
}

static int
take_site(struct import_run *import, struct site_conf *site, struct err *err)
{
	struct arena arena = { 0 };
	struct state_site known;
	int64_t id;
	int r = state_site_get(judge_state(import->judge),
	    span_str(site->name), &arena, &known, err);

	bool again = r == 0;

	if (again)
		r = take_again(import, site, &known, err);
	arena_free(&arena);
	if (again || r != -(int)ERR_NOT_FOUND)
		return r;
	err->kind = ERR_NONE;
	if (site->via.count == 0 && import->via != NULL)
		row_list_add(&site->via, import->via);
	check_via(import, site);
	r = judge_set_defaults(import->judge, site, err);
	for (size_t i = 0; r == 0 && i < site->ca.count; i++)
		r = set_authority(import, site->ca.items[i], err);
	if (r == 0)
		r = judge_set_site(import->judge, site, STATE_FROM_COMMAND,
		    &id, err);
	for (size_t i = 0; r == 0 && i < site->ca.count; i++) {
		if (!row_list_has(&import->asked, site->ca.items[i]))
			row_list_add(&import->asked, site->ca.items[i]);
	}
	if (r == 0)
		r = judge_add_site(import->judge, id, JUDGE_ADOPT, err);
	return r;
}

/* ---- their CAs ---------------------------------------------------------- */

/* What the other client was told of trust stands in no file of its: a variable
 * of its timer, an option. Better now than at the first renewal. */
static int
look_at_cas(struct import_run *import, struct err *err)
{
	size_t count = import->asked.count;
	struct judge_look *looks = mem_zalloc((count + 1) * sizeof(looks[0]));
	int r = 0;

	for (size_t i = 0; i < count; i++)
		looks[i].ca = import->asked.items[i];
	if (count > 0)
		r = judge_run_look(import->judge, looks, count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (looks[i].err.kind == ERR_NONE)
			continue;
		note(import, looks[i].ca, looks[i].err.text);
		fprintf(stderr, "  what to do: until this is mended, nothing of "
		    "this CA is renewed. If %s was told whom to trust by its "
		    "environment or an option, tell signet, too: the same "
		    "command with --ca-file PEM\n", import->program->name);
	}
	free(looks);
	return r;
}

/* ---- undoing it --------------------------------------------------------- */

static int
forget_site(struct import_run *import, const struct state_site *row,
    struct err *err)
{
	struct site_conf site;
	int r = judge_read_site(row, &site, err);

	if (r < 0)
		return r;
	if (!is_of(import, &site)) {
		for (size_t i = 0; i < site.ca.count; i++)
			row_list_add(&import->kept, site.ca.items[i]);
	} else if (site.install.count > 0) {
		note(import, site.name, "stays, since a web server is set up "
		    "to serve it; `signet remove` ends that");
	} else {
		r = state_site_del(judge_state(import->judge), row->id, err);
		printf("%s: forgotten; its files stay in %.*s\n", site.name,
		    SPAN_FMT(site_conf_layout(&site).folder));
	}
	site_conf_done(&site);
	return r;
}

/* Somebody else needs it. */
static bool
is_used(struct import_run *import, const char *directory)
{
	struct authority authority;
	bool used = false;

	for (size_t i = 0; !used && i < import->kept.count; i++) {
		if (judge_find_authority(import->judge, import->kept.items[i],
		    &authority, NULL) < 0)
			continue;
		used = strcmp(authority.directory, directory) == 0;
		authority_done(&authority);
	}
	return used;
}

static int
forget_account(struct import_run *import, const struct import_account *account,
    struct err *err)
{
	struct state *state = judge_state(import->judge);
	struct judge_import_key key = { .remove = true };
	struct state_account row;
	struct arena arena = { 0 };
	int r = state_account_get(state, span_str(account->directory), &arena,
	    &row, NULL);

	if (r == 0 && span_equal_str(row.kid, account->kid) &&
	    !is_used(import, account->directory)) {
		key.id = row.id;
		r = judge_run_import(import->judge, &key, 1, err);
		if (r == 0)
			r = state_account_del(state, row.id, err);
		say_account(account->kid, "forgotten, and good at the CA as "
		    "before");
	}
	arena_free(&arena);
	return r == -(int)ERR_NOT_FOUND ? 0 : r;
}

static int
undo(struct import_run *import, struct err *err)
{
	struct arena arena = { 0 };
	struct state_site row = { 0 };
	int r;

	while ((r = state_site_next(judge_state(import->judge), row.name,
	    &arena, &row, err)) == 0 &&
	    (r = forget_site(import, &row, err)) == 0)
		;
	arena_free(&arena);
	if (r == -(int)ERR_NOT_FOUND) {
		err->kind = ERR_NONE;
		r = 0;
	}
	for (size_t i = 0; r == 0 && i < import->found.num_accounts; i++)
		r = forget_account(import, &import->found.accounts[i], err);
	row_list_clear(&import->kept);
	return r;
}

static int
work(struct import_run *import, struct err *err)
{
	const struct import_from from = { .dir = import->dir,
		.ca = import->ca, .via = import->via, .note = note,
		.ctx = import };
	int r = import->program->read(&from, &import->found, err);

	if (r == 0 && import->undo)
		return undo(import, err);
	if (r == 0)
		r = take_accounts(import, err);
	for (size_t i = 0; r == 0 && i < import->found.num_sites; i++)
		r = take_site(import, &import->found.sites[i], err);
	return r;
}

static int
finish(struct import_run *import)
{
	struct judge_tally tally;
	struct err err = ERR_INIT;
	int status = cmd_common_run(&import->common, import->judge, &tally);

	if (look_at_cas(import, &err) < 0)
		status = cmd_fail(&cmd_import, "%s", err.text);
	if (import->found.num_sites == 0)
		return cmd_fail(&cmd_import, "there is no certificate of %s "
		    "in %s", import->program->name, import->dir);
	if (!import->common.quiet)
		printf("\n%s still renews them, too. To end that: %s.\n"
		    "Then `signet install` sets up our own renewal.\n",
		    import->program->name, import->program->stop);
	return status;
}

static int
take(struct import_run *import, int argc, char **argv)
{
	static const struct option options[] = {
		CMD_COMMON_OPTIONS,
		{ "ca", required_argument, NULL, OPTION_CA },
		{ "ca-file", required_argument, NULL, OPTION_CA_FILE },
		{ "via", required_argument, NULL, OPTION_VIA },
		{ "undo", no_argument, NULL, OPTION_UNDO }, { 0 }
	};
	const struct import_program *program = import_programs;
	struct err err = ERR_INIT;
	int opt;

	while ((opt = getopt_long(argc, argv, CMD_COMMON_SHORT, options,
	    NULL)) != -1) {
		if (cmd_common_take(&import->common, opt, optarg))
			continue;
		if (opt == OPTION_CA)
			import->ca = optarg;
		else if (opt == OPTION_CA_FILE)
			import->ca_file = optarg;
		else if (opt == OPTION_VIA)
			import->via = optarg;
		else if (opt == OPTION_UNDO)
			import->undo = true;
		else
			return cmd_usage_only(&cmd_import);
	}
	while (program->name != NULL && (optind == argc ||
	    strcmp(program->name, argv[optind]) != 0))
		program++;
	if (program->name == NULL || argc - optind > 2)
		return cmd_usage(&cmd_import, "say whose: certbot, "
		    "dehydrated, lego or acme.sh");
	if (import->via != NULL && solver_check(import->via, &err) < 0)
		return cmd_usage(&cmd_import, "--via: %s", err.text);
	import->program = program;
	return find_dir(import, argc - optind == 2 ? argv[optind + 1] : NULL);
}

static int
run(int argc, char **argv)
{
	struct import_run import = { .common = { .cmd = &cmd_import } };
	struct err err = ERR_INIT;
	int status = take(&import, argc, argv);

	if (status == CMD_OK)
		status = cmd_common_open(&import.common, true, &import.judge);
	if (status != CMD_OK)
		return status;
	if (work(&import, &err) < 0)
		status = cmd_fail(&cmd_import, "%s", err.text);
	else if (!import.undo)
		status = finish(&import);
	row_list_clear(&import.asked);
	import_done(&import.found);
	judge_free(import.judge);
	return status;
}
