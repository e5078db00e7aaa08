/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/cmd/cmd.h"
#include "agent/solvers/choose.h"
#include "agent/solvers/solver.h"
#include "base/text.h"
#include "pkix/ident.h"

static int run(int argc, char **argv);

const struct cmd cmd_get = {
	.name = "get",
	.usage = "[OPTION]... NAME...",
	.summary = "get a certificate for names, and keep it current",
	.help =
	    "      --via HOW          how control is proven (repeat for more):\n"
	    "                         webroot=DIR, standalone, tls-alpn, dns=KEY\n"
	    "      --ca NAME|URL      who issues (repeat: the next one is asked"
	    " when\n"
	    "                         one does not); letsencrypt if not said\n"
	    "      --ca-file PEM      whom to trust as the CA's server\n"
	    "      --email ADDRESS    a contact for the CA\n"
	    "      --timeout SECONDS  the longest to wait for one thing of the CA\n"
	    "      --agree-terms      agree to the CA's terms of service\n"
	    "      --eab-kid ID       external account binding: the key's"
	    " name,\n"
	    "      --eab-key-file F   and the file with the key\n"
	    "      --eab-alg ALG      HS384 or HS512, if it is not for HS256\n"
	    "      --key TYPE         ec256 ec384 rsa2048 rsa3072 rsa4096"
	    " (repeat: one\n"
	    "                         certificate for each); ec256 if not"
	    " said\n"
	    "      --reuse-key        keep the key at renewal\n"
	    "      --csr FILE         a request made elsewhere\n"
	    "      --must-staple      ask for status_request\n"
	    "      --ocsp file|no     keep an OCSP response beside the"
	    " certificate, for\n"
	    "                         stapling; file if --must-staple\n"
	    "      --profile NAME     the certificate profile to ask for\n"
	    "      --preferred-chain CN  the issuer to end in\n"
	    "      --name SITE        what the site is called; its first name"
	    " if not said\n"
	    "      --install SERVER   nginx, apache or haproxy: is set up to"
	    " serve it\n"
	    "      --follow-names true|false  whether names that are added to"
	    " it beside\n"
	    "                         these become the site's\n"
	    "      --reload COMMAND   run when there is a new certificate,"
	    " until it succeeds\n"
	    "      --deploy-hook COMMAND  the same, as certbot runs it\n"
	    "      --pre-hook COMMAND  --post-hook COMMAND  run once around a"
	    " run\n"
	    "      --hook-dir DIR     a folder as certbot's renewal-hooks\n"
	    "      --environment NAME=VALUE|FILE  variables of hooks\n"
	    "      --hook-timeout SECONDS  after them a hook is killed\n"
	    "      --verify HOST:PORT what must show the new certificate then;"
	    " or\n"
	    "                         smtp:HOST:PORT, imap:, pop3:, ftp:,"
	    " sieve:\n"
	    "      --verify-wait SECONDS  how long that may take; 20 if not"
	    " said\n"
	    "      --copy DIR|KIND=FILE  keep copies of the files there\n"
	    "      --owner USER  --group GROUP  --mode MODE  of the files\n"
	    "      --force            get a new one though it is not due\n"
	    "      --dry-run          rehearse it, hooks included, at a CA for"
	    " tests\n"
	    "      --staging NAME|URL  which one that is, for each --ca; those"
	    " of\n"
	    "                         letsencrypt and google are known\n"
	    CMD_COMMON_HELP,
	.run = run,
};

enum { OPTION_NAME = 256, OPTION_FORCE, OPTION_DRY_RUN, OPTION_CA,
	OPTION_ROW };

/* Options that set a key of the site, or of the CAs that are named. */
static const struct {
	const char *option;
	const char *key;
	bool of_ca;
	const char *value; /* NULL: it takes one */
} rows[] = {
	{ "via", "via", false, NULL },
	{ "key", "key", false, NULL },
	{ "reuse-key", "reuse_key", false, "true" },
	{ "csr", "csr", false, NULL },
	{ "must-staple", "must_staple", false, "true" },
	{ "ocsp", "ocsp", false, NULL },
	{ "profile", "profile", false, NULL },
	{ "preferred-chain", "preferred_chain", false, NULL },
	{ "install", "install", false, NULL },
	{ "follow-names", "follow_names", false, NULL },
	{ "reload", "reload", false, NULL },
	{ "deploy-hook", "deploy_hook", false, NULL },
	{ "pre-hook", "pre_hook", false, NULL },
	{ "post-hook", "post_hook", false, NULL },
	{ "hook-dir", "hook_dir", false, NULL },
	{ "environment", "environment", false, NULL },
	{ "hook-timeout", "hook_timeout", false, NULL },
	{ "verify", "verify", false, NULL },
	{ "verify-wait", "verify_wait", false, NULL },
	{ "copy", "copy", false, NULL },
	{ "owner", "owner", false, NULL },
	{ "group", "group", false, NULL },
	{ "mode", "mode", false, NULL },
	{ "ca-file", "ca_file", true, NULL },
	{ "email", "email", true, NULL },
	{ "agree-terms", "agree_terms", true, "true" },
	{ "eab-kid", "eab_kid", true, NULL },
	{ "eab-key-file", "eab_key_file", true, NULL },
	{ "eab-alg", "eab_alg", true, NULL },
	{ "timeout", "timeout", true, NULL },
	{ "staging", "staging", true, NULL },
};
#define NUM_ROWS (sizeof(rows) / sizeof(rows[0]))

struct get {
	struct cmd_common common;
	bool force;
	const char *name;
	struct site_conf said;      /* on the command line */
	struct authority ca_said;
	bool any_ca_said;
	struct site_conf site;      /* what comes of it */
	int64_t site_id;
};

static int
take_row(struct get *get, size_t i, const char *value)
{
	struct err err = ERR_INIT;
	int r;

	value = rows[i].value == NULL ? value : rows[i].value;
	if (rows[i].of_ca) {
		get->any_ca_said = true;
		r = row_set(row_find(authority_rows, rows[i].key),
		    &get->ca_said, value, NULL, &err);
	} else {
		r = row_set(row_find(site_conf_rows, rows[i].key), &get->said,
		    value, NULL, &err);
	}
	if (r == 0 && strcmp(rows[i].option, "via") == 0)
		r = solver_check(value, &err);
	return r == 0 ? CMD_OK : cmd_usage(get->common.cmd, "--%s: %s",
	    rows[i].option, err.text);
}

static int
take_ca(struct get *get, const char *value)
{
	struct err err = ERR_INIT;

	if (row_set(row_find(site_conf_rows, "ca"), &get->said, value, NULL,
	    &err) == 0)
		return CMD_OK;
	return cmd_usage(get->common.cmd, "--ca: %s", err.text);
}

static int
take_names(struct get *get, int argc, char **argv)
{
	struct err err = ERR_INIT;

	for (int i = 0; i < argc; i++) {
		if (cmd_common_check_name(get->common.cmd, argv[i]) != CMD_OK)
			return CMD_USAGE;
		if (row_set(row_find(site_conf_rows, "names"), &get->said,
		    argv[i], NULL, &err) < 0)
			return cmd_usage(get->common.cmd, "%s", err.text);
	}
	if (argc == 0 && get->said.csr == NULL)
		return cmd_usage(get->common.cmd, "give the names that "
		    "the certificate is for");
	if (argc == 0 && get->name == NULL)
		return cmd_usage(get->common.cmd, "give --csr a name for "
		    "its site with --name");
	if (get->name != NULL && site_conf_check_name(get->name, &err) < 0)
		return cmd_usage(get->common.cmd, "--name: %s", err.text);
	return CMD_OK;
}

static int
take(struct get *get, int argc, char **argv)
{
	struct option options[NUM_ROWS + 16] = {
		CMD_COMMON_OPTIONS,
		{ "name", required_argument, NULL, OPTION_NAME },
		{ "force", no_argument, NULL, OPTION_FORCE },
		{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
		{ "ca", required_argument, NULL, OPTION_CA },
	};
	struct option *next = options;
	int opt, r = CMD_OK;

	while (next->name != NULL)
		next++;
	for (size_t i = 0; i < NUM_ROWS; i++)
		*next++ = (struct option){ rows[i].option,
		    rows[i].value == NULL ? required_argument : no_argument,
		    NULL, OPTION_ROW + (int)i };
	while (r == CMD_OK && (opt = getopt_long(argc, argv, CMD_COMMON_SHORT,
	    options, NULL)) != -1) {
		if (cmd_common_take(&get->common, opt, optarg))
			continue;
		if (opt == OPTION_NAME)
			get->name = optarg;
		else if (opt == OPTION_FORCE)
			get->force = true;
		else if (opt == OPTION_DRY_RUN)
			get->common.dry_run = true;
		else if (opt == OPTION_CA)
			r = take_ca(get, optarg);
		else if (opt >= OPTION_ROW)
			r = take_row(get, (size_t)(opt - OPTION_ROW), optarg);
		else
			r = cmd_usage_only(get->common.cmd);
	}
	return r != CMD_OK ? r : take_names(get, argc - optind, argv + optind);
}

/* What was said, over what the site said before, over the defaults. */
static int
merge(struct get *get, struct judge *judge, struct err *err)
{
	char name[SITE_CONF_NAME_MAX + 1];
	struct arena arena = { 0 };
	struct state_site row;
	struct site_conf old = { 0 };
	int r;

	if (get->name != NULL)
		snprintf(name, sizeof(name), "%s", get->name);
	else
		site_conf_make_name(name, get->said.names.items[0]);
	get->site.name = mem_strdup(name);
	row_inherit(site_conf_rows, &get->site, &get->said);
	r = state_site_get(judge_state(judge), span_str(name), &arena, &row,
	    err);
	if (r == 0) {
		r = judge_read_site(&row, &old, err);
		/* `signet get NAME` of a site with more names means the
		 * site. */
		if (r == 0 && get->said.names.count == 1 &&
		    row_list_has(&old.names, get->said.names.items[0]))
			row_clear(row_find(site_conf_rows, "names"),
			    &get->site);
		if (r == 0)
			row_inherit(site_conf_rows, &get->site, &old);
	} else if (r == -(int)ERR_NOT_FOUND) {
		err->kind = ERR_NONE;
		r = 0;
	}
	if (r == 0)
		r = judge_set_defaults(judge, &get->site, err);
	site_conf_complete(&get->site);
	site_conf_done(&old);
	arena_free(&arena);
	return r;
}

/* What was said of CAs is kept with each that was named. */
static int
set_authorities(struct get *get, struct judge *judge, struct err *err)
{
	struct authority authority, said;
	int r = 0;

	for (size_t i = 0; r == 0 && i < get->site.ca.count; i++) {
		r = judge_find_authority(judge, get->site.ca.items[i],
		    &authority, err);
		if (r < 0)
			break;
		said = (struct authority){ .name =
		    mem_strdup(authority.name) };
		row_inherit(authority_rows, &said, &get->ca_said);
		row_inherit(authority_rows, &said, &authority);
		if (get->any_ca_said)
			r = judge_set_authority(judge, &said,
			    STATE_FROM_COMMAND, err);
		authority_done(&authority);
		authority_done(&said);
	}
	return r;
}

/* Nobody has said how control is proven. */
static int
choose(struct get *get, struct err *err)
{
	char via[CHOOSE_VIA_SIZE], why[CHOOSE_WHY_SIZE];
	int r = choose_via(&get->site.names, get->common.dir_path, via, why,
	    err);

	if (r < 0)
		return r;
	if (!get->common.quiet)
		fprintf(stderr, "control is proven by --via %s: %s\n", via,
		    why);
	return row_set(row_find(site_conf_rows, "via"), &get->site, via, NULL,
	    err);
}

static int
check(const struct site_conf *site, struct err *err)
{
	if (site->csr != NULL && site->key.count > 0)
		return err_set(err, ERR_CONFIG, NULL, "--csr has its own key; "
		    "leave --key away");
	return 0;
}

/* Where nothing had to be done, that is told. */
/* Whoever has named another CA may think that the certificate is of it. */
static bool
is_of_its_ca(const struct get *get, struct judge *judge,
    const struct state_cert *cert)
{
	struct authority authority;
	bool same = cert->directory.len == 0;

	for (size_t i = 0; !same && i < get->site.ca.count; i++) {
		if (judge_find_authority(judge, get->site.ca.items[i],
		    &authority, NULL) < 0)
			continue;
		same = span_equal_str(cert->directory, authority.directory);
		authority_done(&authority);
	}
	return same;
}

static void
tell_current(struct get *get, struct judge *judge)
{
	int64_t ids[STATE_CERTS_PER_SITE];
	struct arena arena = { 0 };
	struct state_cert cert;
	size_t count = 0;
	char until[TEXT_TIME_SIZE], renew[TEXT_TIME_SIZE];

	state_cert_list(judge_state(judge), get->site_id, ids, &count, NULL);
	for (size_t i = 0; i < count; i++) {
		if (state_cert_get(judge_state(judge), ids[i], &arena, &cert,
		    NULL) < 0)
			continue;
		text_time(until, cert.not_after);
		text_time(renew, cert.renew_at);
		printf("%s: there is a certificate until %s in %.*s; it is "
		    "renewed %s (or now, with --force)\n", get->site.name,
		    until, SPAN_FMT(cert.path), renew);
		if (!is_of_its_ca(get, judge, &cert))
			printf("%s: until then it is of %.*s\n",
			    get->site.name, SPAN_FMT(cert.directory));
	}
	arena_free(&arena);
}

/* A name that was mistyped would be tried for ever. */
static void
tell_waiting(const struct get *get, struct judge *judge)
{
	int64_t ids[STATE_CERTS_PER_SITE];
	struct arena arena = { 0 };
	struct state_cert cert;
	char again[TEXT_TIME_SIZE];
	size_t count = 0;

	if (get->site_id != 0 && state_cert_list(judge_state(judge),
	    get->site_id, ids, &count, NULL) == 0 && count > 0 &&
	    state_cert_get(judge_state(judge), ids[0], &arena, &cert,
	    NULL) == 0 && cert.not_after == 0 && cert.retry_at > 0) {
		text_time(again, cert.retry_at);
		fprintf(stderr, "%s is remembered: `signet renew` tries again "
		    "from %s on, `signet remove %s` forgets it\n",
		    get->site.name, again, get->site.name);
	}
	arena_free(&arena);
}

static int
prepare(struct get *get, struct judge *judge, struct err *err)
{
	int r = merge(get, judge, err);

	if (r == 0 && get->site.via.count == 0)
		r = choose(get, err);
	if (r == 0)
		r = check(&get->site, err);
	if (r == 0)
		r = set_authorities(get, judge, err);
	if (r == 0)
		r = judge_set_site(judge, &get->site, STATE_FROM_COMMAND,
		    &get->site_id, err);
	if (r == 0)
		r = judge_add_site(judge, get->site_id, JUDGE_NOW |
		    (get->force ? JUDGE_FORCE : 0), err);
	return r;
}

/* All in one run: what a CA allows to be done at once, is. */
static int
work(struct get *gets, size_t count, struct judge *judge)
{
	struct judge_tally tally;
	int r = CMD_OK, ran;

	for (size_t i = 0; i < count; i++) {
		struct err err = ERR_INIT;

		if (prepare(&gets[i], judge, &err) < 0)
			r = cmd_fail(gets[i].common.cmd, "%s", err.text);
	}
	if (count == 1 && r != CMD_OK)
		return r;
	ran = cmd_common_run(&gets[0].common, judge, &tally);
	for (size_t i = 0; ran == CMD_OK && tally.done == 0 &&
	    !gets[0].common.quiet && i < count; i++)
		tell_current(&gets[i], judge);
	/* Of several, the server has said the names. */
	if (ran != CMD_OK && count == 1 && !gets[0].common.dry_run)
		tell_waiting(&gets[0], judge);
	return ran != CMD_OK ? ran : r;
}

/* Nothing is remembered of it, also if it is killed. */
static int
rehearse(struct get *gets, size_t count, struct judge *judge)
{
	struct err err = ERR_INIT;
	int r;

	if (state_begin(judge_state(judge), &err) < 0)
		return cmd_fail(gets[0].common.cmd, "%s", err.text);
	r = work(gets, count, judge);
	(void)state_end(judge_state(judge), -(int)ERR_CONFLICT, NULL);
	return r;
}

static int
work_all(struct get *gets, size_t count)
{
	struct judge *judge = NULL;
	int r = cmd_common_open(&gets[0].common, true, &judge);

	if (r == CMD_OK)
		r = gets[0].common.dry_run ? rehearse(gets, count, judge) :
		    work(gets, count, judge);
	judge_free(judge);
	return r;
}

static void
done(struct get *get)
{
	site_conf_done(&get->said);
	site_conf_done(&get->site);
	authority_done(&get->ca_said);
}

static int
run(int argc, char **argv)
{
	struct get get = { .common = { .cmd = &cmd_get } };
	int r = take(&get, argc, argv);

	if (r == CMD_OK)
		r = work_all(&get, 1);
	done(&get);
	return r;
}

/* One line's names, behind the options. */
static int
take_line(struct get *get, const struct cmd *cmd, int argc, char **argv,
    char *line)
{
	char **all = mem_alloc(((size_t)argc + IDENT_LIST_MAX + 1) *
	    sizeof(*all));
	char *save = NULL;
	int n = argc, r;

	memcpy(all, argv, (size_t)argc * sizeof(*all));
	for (char *name = strtok_r(line, " ", &save); name != NULL &&
	    n < argc + IDENT_LIST_MAX; name = strtok_r(NULL, " ", &save))
		all[n++] = name;
	all[n] = NULL;
	optind = 0; /* getopt_long begins anew */
	get->common.cmd = cmd;
	r = take(get, n, all);
	if (r == CMD_OK && optind < argc)
		r = cmd_usage(cmd, "%s: no names are given to it, as the "
		    "server says which it serves; `signet get %s --via %s "
		    "--install %s` is for some of them", all[optind],
		    all[optind], cmd->name, cmd->name);
	free(all);
	return r;
}

int
cmd_get_lines(const struct cmd *cmd, int argc, char **argv,
    char *const *lines, size_t count)
{
	struct get *gets = mem_zalloc((count + 1) * sizeof(*gets));
	int r = CMD_OK;

	for (size_t i = 0; i < count && r == CMD_OK; i++)
		r = take_line(&gets[i], cmd, argc, argv, lines[i]);
	if (r == CMD_OK && count > 0)
		r = work_all(gets, count);
	for (size_t i = 0; i < count; i++)
		done(&gets[i]);
	free(gets);
	return r;
}
