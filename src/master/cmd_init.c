/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/config_form.h"
#include "conf/layout.h"
#include "master/check.h"
#include "master/cmd.h"
#include "master/disk.h"
#include "master/early.h"
#include "master/newca.h"
#include "master/tree.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_SIZE_MAX 8192 /* bytes of the file that we write */
#define HTTPS_PORT 443
#define ROOT_ANCHOR "/usr/share/dns/root.key"

static int cmd_init_run(int argc, char **argv);

const struct cmd cmd_init = {
	.name = "init",
	.usage = "DIR [--name NAME[,NAME...]] [--listen ADDRESS:PORT] "
	    "[--organization NAME]\n    [--program private|webpki]",
	.summary = "make a new CA in a folder",
	.help =
	    "  --name NAMES         names and addresses by which clients reach "
	    "the CA, with\n"
	    "                       commas; the first stands in its URLs "
	    "(this machine's name)\n"
	    "  --listen ADDR:PORT   where it listens (0.0.0.0:14000)\n"
	    "  --organization NAME  begins the names of its certificates "
	    "(Signet)\n"
	    "  --program PROGRAM    private: an organisation's own CA; webpki: "
	    "by the rules of\n"
	    "                       browsers (private)\n",
	.run = cmd_init_run,
};

struct init {
	struct newca newca;
	struct arena arena;
	const char *listen, *program;
	char target[PATH_MAX];    /* absolute, no final slash */
	char temporary[PATH_MAX]; /* beside it */
	char base_url[CONFIG_TEXT_MAX];
};

/* Where an ordinary "NAME" is not given: how this machine is reached. */
static int
add_own_names(struct init *init, bool is_loopback, struct err *err)
{
	char name[256];
	int r;

	/* A name that certificates cannot have is none to us. */
	if (!is_loopback && gethostname(name, sizeof(name)) == 0)
		(void)newca_add_names(&init->newca, name, &init->arena, NULL);
	r = newca_add_names(&init->newca, "localhost,127.0.0.1,::1",
	    &init->arena, err);
	return r;
}

static bool
is_loopback(const struct sockaddr_storage *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->ss_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	memcpy(&v6, address, sizeof(v6));
	return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

static unsigned
port_of(const struct sockaddr_storage *address)
{
	struct sockaddr_in v4;

	/* Both families have the port in the same place. */
	memcpy(&v4, address, sizeof(v4));
	return ntohs(v4.sin_port);
}

static int
choose_names(struct init *init, const char *names, struct err *err)
{
	struct sockaddr_storage address;
	const struct ident *first = &init->newca.names.items[0];
	socklen_t len;
	bool v6;
	int r, at;

	r = config_form_parse_address(init->listen, &address, &len, err);
	if (r == 0 && port_of(&address) == 0)
		r = err_set(err, ERR_CONFIG, NULL, "it needs a port that "
		    "stays; give one from 1 to 65535");
	if (r != 0)
		return err_prefix(err, "--listen");
	r = names != NULL ? newca_add_names(&init->newca, names, &init->arena,
	    err) : add_own_names(init, is_loopback(&address), err);
	if (r != 0)
		return names != NULL ? err_prefix(err, "--name") : r;
	v6 = first->type == IDENT_IP &&
	    memchr(first->value.data, ':', first->value.len) != NULL;
	at = snprintf(init->base_url, sizeof(init->base_url),
	    "https://%s%.*s%s", v6 ? "[" : "", SPAN_FMT(first->value),
	    v6 ? "]" : "");
	if (port_of(&address) != HTTPS_PORT)
		snprintf(init->base_url + at, sizeof(init->base_url) -
		    (size_t)at, ":%u", port_of(&address));
	return 0;
}

/* The folder may exist if it is empty. Its parent must exist. */
static int
choose_folder(struct init *init, const char *directory, struct err *err)
{
	char copy[PATH_MAX], parent[PATH_MAX];
	const char *name;
	size_t len = strlen(directory);
	char *slash;

	while (len > 1 && directory[len - 1] == '/')
		len--;
	if (len >= sizeof(copy))
		return err_set(err, ERR_CONFIG, NULL, "the path is too long");
	memcpy(copy, directory, len);
	copy[len] = '\0';
	slash = strrchr(copy, '/');
	name = slash == NULL ? copy : slash + 1;
	if (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return err_set(err, ERR_CONFIG, NULL, "%s has no name of its "
		    "own; name the new folder", directory);
	if (slash != NULL)
		*slash = '\0';
	if (realpath(slash == NULL ? "." : slash == copy ? "/" : copy,
	    parent) == NULL)
		return err_errno(err, "cannot use the folder above %s",
		    directory);
	if (snprintf(init->target, sizeof(init->target), "%s/%s",
	    strcmp(parent, "/") == 0 ? "" : parent, name) >=
	    (int)sizeof(init->target))
		return err_set(err, ERR_CONFIG, NULL, "the path is too long");
	return 0;
}

/* Early, before keys are made; rename asks again in the end. */
static int
check_target(const struct init *init, struct err *err)
{
	const struct dirent *entry;
	bool empty = true;
	DIR *dir = opendir(init->target);

	if (dir == NULL && errno == ENOENT)
		return 0;
	if (dir == NULL)
		return err_errno(err, "cannot use %s", init->target);
	while (empty && (entry = readdir(dir)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0;
	closedir(dir);
	if (!empty)
		return err_set(err, ERR_CONFLICT, NULL, "%s is not empty and "
		    "nothing is ever overwritten; give another folder, or "
		    "move this one away", init->target);
	return 0;
}

/* Whether the CA's first name is one that can stand in CAA records. */
static bool
has_domain(const struct init *init)
{
	const struct ident *first = &init->newca.names.items[0];

	return first->type == IDENT_DNS &&
	    memchr(first->value.data, '.', first->value.len) != NULL;
}

/* What that program demands beyond the defaults. */
static void
put_webpki(const struct init *init, struct bld *out)
{
	bool has_anchor = access(ROOT_ANCHOR, R_OK) == 0;

	bld_str(out, "\n# The name by which CAA records allow this CA to "
	    "issue.\n");
	if (has_domain(init))
		bld_fmt(out, "caa_identity = \"%.*s\"\n", SPAN_FMT(
		    init->newca.names.items[0].value));
	else
		bld_str(out, "# caa_identity = \"ca.example.com\"\n");
	bld_fmt(out, "\n# The root key of DNSSEC; Debian's package "
	    "dns-root-data has it.\n%strust_anchor = \"" ROOT_ANCHOR "\"\n",
	    has_anchor ? "" : "# ");
}

static void
put_config(const struct init *init, struct bld *out)
{
	bld_fmt(out,
	    "# A certificate authority. All keys: signetd check --keys\n"
	    "# After a change: signetd check -c signetd.conf, then send SIGHUP "
	    "to signetd.\n\n"
	    "# Where clients reach it. Its URLs begin with this and are kept "
	    "for years.\n"
	    "base_url = \"%s\"\n\n"
	    "# Where it listens.\n"
	    "listen = { \"%s\" }\n\n"
	    "# private: an organisation's own CA; webpki: by the rules of "
	    "browsers.\n"
	    "program = \"%s\"\n\n"
	    "# How long certificates are valid.\n"
	    "certificate_lifetime = \"90 days\"\n\n"
	    "# Hosts in private address ranges get certificates only if their "
	    "range is here.\n"
	    "# validation_allow = { \"10.0.0.0/8\", \"192.168.0.0/16\", "
	    "\"fd00::/8\" }\n\n"
	    "# The DNS server to ask, if not the one that this machine asks."
	    "\n"
	    "# resolver = \"192.0.2.53:53\"\n",
	    init->base_url, init->listen, init->program);
	if (strcmp(init->program, "webpki") == 0)
		put_webpki(init, out);
}

static int
write_config(const struct init *init, struct err *err)
{
	const struct disk_owner owner = {
		.mode = 0644, .uid = (uid_t)-1, .sync = true,
	};
	char path[PATH_MAX + 32];
	struct bld text;
	int r;

	bld_init(&text, CONFIG_SIZE_MAX);
	put_config(init, &text);
	snprintf(path, sizeof(path), "%s/"LAYOUT_CONFIG, init->temporary);
	r = disk_write(path, bld_view(&text), &owner, err);
	bld_free(&text);
	return r;
}

/* Made aside, then renamed: there is a whole CA or none. Renaming to a folder
 * that is there fails unless it is empty. */
static int
make(struct init *init, struct err *err)
{
	const struct tree_entry *top = tree_find("");
	char parent[PATH_MAX];
	int r = 0;

	if (snprintf(init->temporary, sizeof(init->temporary), "%s.XXXXXX",
	    init->target) >= (int)sizeof(init->temporary))
		return err_set(err, ERR_CONFIG, NULL, "the path is too long");
	/* Whoever has had enough must not be left with half a CA beside it. */
	early_hold();
	if (mkdtemp(init->temporary) == NULL)
		return err_errno(err, "cannot make a folder beside %s",
		    init->target);
	init->newca.directory = init->temporary;
	if (chmod(init->temporary, top->mode) != 0)
		r = err_errno(err, "cannot set up %s", init->temporary);
	if (r == 0)
		r = newca_make(&init->newca, err);
	if (r == 0)
		r = write_config(init, err);
	if (r == 0)
		r = disk_sync_folder(init->temporary, err);
	if (r == 0 && early_stop())
		r = err_set(err, ERR_BUSY, NULL, "told to stop: no CA was "
		    "made");
	if (r == 0 && rename(init->temporary, init->target) != 0)
		r = err_errno(err, "cannot make %s", init->target);
	if (r != 0) {
		(void)disk_remove_tree(init->temporary, NULL);
		return r;
	}
	snprintf(parent, sizeof(parent), "%s", init->target);
	*strrchr(parent, '/') = '\0';
	return disk_sync_folder(parent[0] == '\0' ? "/" : parent, err);
}

static void
print_made(const struct init *init)
{
	const char *dir = init->target;

	printf("Made a certificate authority in %s:\n"
	    "  "LAYOUT_ROOT_CERTIFICATE"      the root, for those who shall "
	    "trust this CA\n"
	    "  "LAYOUT_CONFIG"  its configuration\n"
	    "  "LAYOUT_KEYS"/         its keys, which only their owner can "
	    "read\n\n"
	    "What to do next:\n"
	    "  1. Move %s/"LAYOUT_ROOT_KEY" to a safe place off this machine."
	    "\n"
	    "     The CA runs without it; whoever has it can be the CA.\n"
	    "  2. Hosts in private address ranges get no certificates unless "
	    "you say so:\n"
	    "     see validation_allow in %s/"LAYOUT_CONFIG"\n"
	    "  3. Start the CA:   signetd run -c %s/"LAYOUT_CONFIG"\n"
	    "  4. Use it:         signet get www.example.com --ca %s/dir \\\n"
	    "                     --ca-file %s/"LAYOUT_ROOT_CERTIFICATE"\n"
	    "                     or any other ACME client\n",
	    dir, dir, dir, dir, init->base_url, dir);
}

static int
choose_organization(struct init *init, struct err *err)
{
	const char *name = init->newca.organization;

	if (name[0] == '\0' || strlen(name) > NEWCA_ORGANIZATION_MAX)
		return err_set(err, ERR_CONFIG, NULL, "--organization has %zu "
		    "bytes; give 1 to %d", strlen(name),
		    NEWCA_ORGANIZATION_MAX);
	for (; *name != '\0'; name++) {
		if (*name > 0 && (*name < ' ' || *name == 0x7f))
			return err_set(err, ERR_CONFIG, NULL, "--organization "
			    "has a control character; remove it");
	}
	if (strcmp(init->program, "private") != 0 &&
	    strcmp(init->program, "webpki") != 0)
		return err_set(err, ERR_CONFIG, NULL, "--program: \"%s\" is "
		    "not one; give private or webpki", init->program);
	return 0;
}

static int
init_all(struct init *init, const char *directory, const char *names)
{
	struct err err = ERR_INIT;
	struct config defaults;
	int r;

	config_init(&defaults);
	init->newca.uid_base = defaults.uid_base;
	config_free(&defaults);
	r = choose_organization(init, &err);
	if (r == 0)
		r = choose_names(init, names, &err);
	if (r != 0) {
		arena_free(&init->arena);
		return cmd_usage(&cmd_init, "%s", err.text);
	}
	r = choose_folder(init, directory, &err);
	if (r == 0)
		r = check_target(init, &err);
	if (r == 0)
		r = make(init, &err);
	arena_free(&init->arena);
	if (r != 0)
		return cmd_fail(&cmd_init, "%s", err.text);
	print_made(init);
	fflush(stdout);
	check_can_issue(strcmp(init->program, "webpki") == 0 ? PROGRAM_WEBPKI :
	    PROGRAM_PRIVATE, stderr);
	return CMD_OK;
}

static int
cmd_init_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "listen", required_argument, NULL, 'l' },
		{ "organization", required_argument, NULL, 'o' },
		{ "program", required_argument, NULL, 'p' }, { 0 }
	};
	struct init init = {
		.newca = { .organization = "Signet", .sync = true },
		.listen = "0.0.0.0:14000", .program = "private",
	};
	const char *names = NULL;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'n':
			names = optarg;
			break;
		case 'l':
			init.listen = optarg;
			break;
		case 'o':
			init.newca.organization = optarg;
			break;
		case 'p':
			init.program = optarg;
			break;
		default:
			return cmd_usage_only(&cmd_init);
		}
	}
	if (optind + 1 != argc)
		return cmd_usage(&cmd_init, "name one folder to make");
	return init_all(&init, argv[optind], names);
}
