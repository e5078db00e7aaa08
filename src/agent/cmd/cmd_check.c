/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <unistd.h>

#include "agent/cmd/check_words.h"
#include "agent/cmd/cmd.h"
#include "agent/cmd/keys.h"
#include "agent/solvers/choose.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

#define NAMES_MAX 100
#define JSON_MAX (16 * 1024 * 1024) /* bytes */
#define JSON_VERSION 1

static int run(int argc, char **argv);

const struct cmd cmd_check = {
	.name = "check",
	.usage = "[OPTION]... [NAME|SITE]...",
	.summary = "see what stands in the way of a certificate",
	.help =
	    "  Tries each address of each name as a CA would, follows"
	    " redirects, and looks\n"
	    "  at CAA, DNSSEC and the clock. Nothing is ordered. Without a name"
	    " it looks at\n"
	    "  all sites that there are, and tells only what is wrong.\n\n"
	    "      --via HOW          how control would be proven; as the"
	    " name's site has it,\n"
	    "                         or what fits here\n"
	    "      --ca NAME|URL      who would issue; the site's, or"
	    " letsencrypt\n"
	    "      --ca-file PEM      whom to trust as the CA's server\n"
	    "      --offline          ask no CA\n"
	    "      --resolver H:PORT  ask this DNS server, not the name servers"
	    " themselves\n"
	    "      --http-port PORT   what the CA asks instead of 80\n"
	    "      --json             for programs\n"
	    "      --keys             print what signet.conf can say\n"
	    "  -c, --config FILE  the configuration; /etc/signet.conf if it is"
	    " there\n"
	    "  -d, --dir DIR      where the state is that knows the sites\n"
	    "  -v, --verbose          say what is going on\n",
	.run = run,
};

struct options {
	struct cmd_common common;
	struct check_options check;
	const char *via_said;
	struct judge *judge;      /* NULL: there are no sites */
	struct authority ca;
	const char *ca_name;
	const char *ca_file;
	bool offline;
	bool json;
	bool keys;
	bool brief;               /* all sites: only what is wrong is told */
	size_t num_args;
	char **args;              /* names, or those of sites */
	char via[CHOOSE_VIA_SIZE];
	char why[CHOOSE_WHY_SIZE]; /* "": it was said */
	size_t count;
	struct check_name names[NAMES_MAX];
	struct arena arena;
};

enum { OPTION_VIA = 256, OPTION_CA, OPTION_CA_FILE, OPTION_OFFLINE,
	OPTION_RESOLVER, OPTION_HTTP_PORT, OPTION_JSON, OPTION_KEYS };

static int
take_port(struct options *o, const char *text)
{
	uint64_t port;

	if (text_uint(span_str(text), UINT16_MAX, &port) < 0 || port == 0)
		return cmd_usage(&cmd_check, "--http-port: \"%s\" is no port; "
		    "write a number", text);
	o->check.http_port = (uint16_t)port;
	return CMD_OK;
}

static int
take_option(struct options *o, int opt)
{
	struct err err = ERR_INIT;

	switch (opt) {
	case OPTION_VIA:
		o->via_said = optarg;
		return solver_check(optarg, &err) == 0 ? CMD_OK :
		    cmd_usage(&cmd_check, "--via: %s", err.text);
	case OPTION_CA:
		o->ca_name = optarg;
		return CMD_OK;
	case OPTION_CA_FILE:
		o->ca_file = optarg;
		return CMD_OK;
	case OPTION_OFFLINE:
		o->offline = true;
		return CMD_OK;
	case OPTION_RESOLVER:
		o->check.resolver = optarg;
		return CMD_OK;
	case OPTION_HTTP_PORT:
		return take_port(o, optarg);
	case OPTION_JSON:
		o->json = true;
		return CMD_OK;
	case OPTION_KEYS:
		o->keys = true;
		return CMD_OK;
	case 'v':
		o->check.verbose = true;
		return CMD_OK;
	case 'c':
	case 'd':
		cmd_common_take(&o->common, opt, optarg);
		return CMD_OK;
	default:
		return cmd_usage_only(&cmd_check);
	}
}

static int
take_name(struct options *o, const char *text)
{
	struct check_name *name = &o->names[o->count++];
	struct err err = ERR_INIT;
	int r;

	if (cmd_common_check_name(&cmd_check, text) != CMD_OK)
		return CMD_USAGE;
	r = ident_parse(SPAN_LIT("dns"), span_str(text), &o->arena,
	    &name->ident, &err);

	if (r < 0 && ident_parse(SPAN_LIT("ip"), span_str(text), &o->arena,
	    &name->ident, NULL) == 0)
		r = 0;
	if (r < 0)
		return cmd_usage(&cmd_check, "%s: %s", text, err.text);
	name->said = text;
	name->wildcard = ident_is_wildcard(&name->ident);
	if (name->wildcard)
		name->ident.value = span_from(name->ident.value, 2);
	return CMD_OK;
}

static int
take(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "via", required_argument, NULL, OPTION_VIA },
		{ "ca", required_argument, NULL, OPTION_CA },
		{ "ca-file", required_argument, NULL, OPTION_CA_FILE },
		{ "offline", no_argument, NULL, OPTION_OFFLINE },
		{ "resolver", required_argument, NULL, OPTION_RESOLVER },
		{ "http-port", required_argument, NULL, OPTION_HTTP_PORT },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "keys", no_argument, NULL, OPTION_KEYS },
		{ "verbose", no_argument, NULL, 'v' },
		{ "config", required_argument, NULL, 'c' },
		{ "dir", required_argument, NULL, 'd' },
		{ 0 }
	};
	int opt, r = CMD_OK;

	while (r == CMD_OK && (opt = getopt_long(argc, argv, "c:d:v", options,
	    NULL)) != -1)
		r = take_option(o, opt);
	if (r == CMD_OK && o->keys)
		return CMD_OK;
	if (r == CMD_OK && argc - optind > NAMES_MAX)
		return cmd_usage(&cmd_check, "it looks at %d names at a time",
		    NAMES_MAX);
	o->args = argv + optind;
	o->num_args = (size_t)(argc - optind);
	o->brief = o->num_args == 0 && !o->check.verbose;
	return r;
}

/* By name, the one after row. -ERR_NOT_FOUND at the end. */
static int
next_site(struct options *o, struct state_site *row, struct site_conf *ret,
    struct err *err)
{
	int r = state_site_next(judge_state(o->judge), row->name, &o->arena,
	    row, err);

	return r < 0 ? r : judge_read_site(row, ret, err);
}

static int
find_ca(struct options *o, const struct site_conf *site, struct err *err)
{
	const char *name = o->ca_name != NULL ? o->ca_name : site != NULL ?
	    site->ca.items[0] : SITE_CONF_CA;

	return o->judge != NULL ? judge_find_authority(o->judge, name, &o->ca,
	    err) : authority_init(&o->ca, name, err);
}

/* How and by whom, where it was not said. */
static int
complete(struct options *o, const struct site_conf *site)
{
	struct row_list names = { 0 };
	struct err err = ERR_INIT;
	int r = 0;

	o->why[0] = '\0';
	o->check.via = o->via_said;
	if (o->check.via == NULL && site != NULL && site->via.count > 0)
		o->check.via = site->via.items[0];
	for (size_t i = 0; i < o->count; i++)
		row_list_add(&names, o->names[i].said);
	if (o->check.via == NULL)
		r = choose_via(&names, CMD_ROOT_DIR, o->via, o->why, &err);
	row_list_clear(&names);
	if (r < 0)
		return cmd_fail(&cmd_check, "%s", err.text);
	if (o->check.via == NULL)
		o->check.via = o->via;
	if (o->offline)
		return CMD_OK;
	authority_done(&o->ca);
	if (find_ca(o, site, &err) < 0)
		return cmd_usage(&cmd_check, "--ca: %s", err.text);
	if (o->ca_file != NULL) {
		free(o->ca.ca_file);
		o->ca.ca_file = mem_strdup(o->ca_file);
	}
	o->check.ca = &o->ca;
	return CMD_OK;
}

static void
put_finding_json(struct bld *out, const struct probe_finding *finding)
{
	bld_fmt(out, "{\"topic\":\"%s\",\"level\":\"%s\",\"subject\":",
	    judge_probe_topic_name(finding->topic),
	    judge_probe_level_name(finding->level));
	json_put_string(out, finding->subject);
	bld_str(out, ",\"text\":");
	json_put_string(out, finding->text);
	bld_str(out, ",\"remedy\":");
	json_put_string(out, finding->remedy);
	bld_str(out, "}");
}

static void
print_json(const struct options *o)
{
	struct bld out;

	bld_init(&out, JSON_MAX);
	bld_fmt(&out, "{\"version\":%d,\"via\":", JSON_VERSION);
	json_put_string(&out, span_str(o->check.via));
	bld_str(&out, ",\"names\":[");
	for (size_t i = 0; i < o->count; i++) {
		const struct check_name *name = &o->names[i];

		bld_str(&out, i == 0 ? "{\"name\":" : ",{\"name\":");
		json_put_string(&out, span_str(name->said));
		bld_fmt(&out, ",\"good\":%s,\"findings\":[",
		    name->worst < PROBE_PROBLEM ? "true" : "false");
		for (const struct check_finding *at = name->first; at != NULL;
		    at = at->next) {
			put_finding_json(&out, &at->is);
			bld_str(&out, at->next == NULL ? "" : ",");
		}
		bld_str(&out, "]}");
	}
	bld_str(&out, "]}\n");
	fwrite(out.data, 1, out.len, stdout);
	bld_free(&out);
}

static void
print_text(const struct options *o, const struct site_conf *site)
{
	struct bld out;

	bld_init(&out, JSON_MAX);
	if (o->brief && site != NULL)
		bld_fmt(&out, "%s: ", site->name);
	bld_fmt(&out, "control is proven by %s%s%s%s\n", o->check.via,
	    o->why[0] == '\0' ? "" : " (", o->why,
	    o->why[0] == '\0' ? "" : ")");
	check_words_put(&out, o->names, o->count, o->brief);
	fwrite(out.data, 1, out.len, stdout);
	bld_free(&out);
}

/* At the names, as those of site, if it is not NULL. */
static int
look(struct options *o, const struct site_conf *site)
{
	struct err err = ERR_INIT;
	bool good = true;
	int r = complete(o, site);

	if (r != CMD_OK)
		return r;
	log_init("judge", o->check.verbose ? LOG_INFO : LOG_WARNING);
	if (check_run(&o->check, o->names, o->count, &o->arena, &err) < 0)
		return cmd_fail(&cmd_check, "%s", err.text);
	if (o->json)
		print_json(o);
	else
		print_text(o, site);
	for (size_t i = 0; i < o->count; i++)
		good = good && o->names[i].worst < PROBE_PROBLEM;
	return good ? CMD_OK : CMD_FAILED;
}

static int
print_keys(void)
{
	struct bld out;

	bld_init(&out, JSON_MAX);
	keys_put(&out);
	fwrite(out.data, 1, out.len, stdout);
	bld_free(&out);
	return CMD_OK;
}

static int
no_site(void)
{
	return cmd_usage(&cmd_check, "there is no site yet: give the names to "
	    "look at");
}

/* The sites of signet.conf and of the state; without any, and where only
 * names were asked about, it is no matter if they cannot be read. */
static int
open_sites(struct options *o)
{
	bool all = o->num_args == 0;
	int r;

	if (!all && o->common.config == NULL && o->common.dir == NULL &&
	    geteuid() != 0)
		return CMD_OK;
	r = cmd_common_open(&o->common, all &&
	    cmd_common_has_config(&o->common), &o->judge);
	if (r == CMD_OK && all && o->judge == NULL)
		r = no_site();
	return r;
}

static int
look_at_site(struct options *o, const struct site_conf *site)
{
	int r = CMD_OK;

	memset(o->names, 0, sizeof(o->names));
	o->count = 0;
	for (size_t k = 0; r == CMD_OK && k < site->names.count &&
	    k < NAMES_MAX; k++)
		r = take_name(o, site->names.items[k]);
	if (r == CMD_OK && o->count > 0) /* else a CSR has them */
		r = look(o, site);
	fflush(stdout);
	return r;
}

/* Each by itself: they have their own ways and CAs. */
static int
look_at_all(struct options *o)
{
	struct state_site row = { 0 };
	struct site_conf site;
	struct err err = ERR_INIT;
	int worst = CMD_OK, r;

	while ((r = next_site(o, &row, &site, &err)) == 0) {
		r = look_at_site(o, &site);
		worst = r > worst ? r : worst;
		site_conf_done(&site);
	}
	if (r != -(int)ERR_NOT_FOUND)
		return cmd_fail(&cmd_check, "%s", err.text);
	return row.name.len == 0 ? no_site() : worst;
}

/* How the site has it that has the first of them. */
static int
look_at_names(struct options *o)
{
	struct state_site row = { 0 };
	struct site_conf site;
	struct err err = ERR_INIT;
	int r = o->judge == NULL ? -(int)ERR_NOT_FOUND : 0;

	while (r == 0 && (r = next_site(o, &row, &site, &err)) == 0 &&
	    !row_list_has(&site.names, o->names[0].said))
		site_conf_done(&site);
	if (r == -(int)ERR_NOT_FOUND)
		return look(o, NULL);
	if (r < 0)
		return cmd_fail(&cmd_check, "%s", err.text);
	r = look(o, &site);
	site_conf_done(&site);
	return r;
}

/* A site of that name, of which it is no name itself. */
static bool
find_site(struct options *o, const char *text, struct site_conf *ret)
{
	struct state_site row;

	if (o->judge == NULL || state_site_get(judge_state(o->judge),
	    span_str(text), &o->arena, &row, NULL) < 0 ||
	    judge_read_site(&row, ret, NULL) < 0)
		return false;
	if (!row_list_has(&ret->names, text))
		return true;
	site_conf_done(ret);
	return false;
}

/* The names together, then each of the sites. */
static int
look_at_args(struct options *o)
{
	struct site_conf site;
	int worst = CMD_OK, r;

	for (size_t i = 0; worst == CMD_OK && i < o->num_args; i++) {
		if (find_site(o, o->args[i], &site))
			site_conf_done(&site);
		else
			worst = take_name(o, o->args[i]);
	}
	if (worst == CMD_OK && o->count > 0)
		worst = look_at_names(o);
	for (size_t i = 0; worst != CMD_USAGE && i < o->num_args; i++) {
		if (!find_site(o, o->args[i], &site))
			continue;
		r = look_at_site(o, &site);
		worst = r > worst ? r : worst;
		site_conf_done(&site);
	}
	return worst;
}

static int
run(int argc, char **argv)
{
	static struct options options; /* large */
	int r;

	options.common.cmd = &cmd_check;
	options.check.http_port = 80;
	r = take(&options, argc, argv);
	if (r == CMD_OK && options.keys)
		return print_keys();
	if (r == CMD_OK)
		r = open_sites(&options);
	if (r == CMD_OK)
		r = options.num_args == 0 ? look_at_all(&options) :
		    look_at_args(&options);
	judge_free(options.judge);
	authority_done(&options.ca);
	arena_free(&options.arena);
	return r;
}
