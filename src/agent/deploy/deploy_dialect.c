/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deploy/deploy_dialect.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "agent/files/layout.h"

static const char *
path_of(struct span folder, const struct layout *layout, enum site_file file,
    struct arena *arena)
{
	const char *name = layout_name(layout, file);

	return name == NULL ? "" : arena_fmt(arena, "%.*s/%s", SPAN_FMT(folder),
	    name);
}

void
deploy_dialect_find(const struct site_conf *conf, struct span folder,
    struct arena *arena, struct deploy_dialect_paths *ret)
{
	struct site site = { .name = span_str(conf->name),
		.layout = SITE_LAYOUT_SIGNET };
	struct layout *layout = arena_alloc(arena, sizeof(*layout));

	if (conf->layout != NULL) {
		const struct site_conf_layout other = site_conf_layout(conf);

		site.layout = site_layout_from_name(other.program);
		site.folder = other.folder;
		site.lineage = other.name;
	}
	layout_of(&site, "/", layout);
	*ret = (struct deploy_dialect_paths){
		.key = path_of(folder, layout, SITE_PRIVKEY, arena),
		.cert = path_of(folder, layout, SITE_CERT, arena),
		.chain = path_of(folder, layout, SITE_CHAIN, arena),
		.fullchain = path_of(folder, layout, SITE_FULLCHAIN, arena),
	};
	/* lego has one file for both. */
	if (ret->cert[0] == '\0')
		ret->cert = ret->fullchain;
	if (ret->fullchain[0] == '\0')
		ret->fullchain = ret->cert;
}

/* What acme.sh tells all commands. */
static const char **
put_acmesh(const struct deploy_cert *cert, const struct deploy_dialect_paths
    *paths, struct arena *arena, const char **at)
{
	*at++ = arena_fmt(arena, "CERT_PATH=%s", paths->cert);
	*at++ = arena_fmt(arena, "CERT_KEY_PATH=%s", paths->key);
	*at++ = arena_fmt(arena, "CA_CERT_PATH=%s", paths->chain);
	*at++ = arena_fmt(arena, "CERT_FULLCHAIN_PATH=%s", paths->fullchain);
	*at++ = arena_fmt(arena, "Le_Domain=%s", site_conf_first_name(cert->site));
	return at;
}

void
deploy_dialect_shell(const struct deploy_cert *cert, struct arena *arena,
    const char **ret)
{
	struct deploy_dialect_paths paths;

	deploy_dialect_find(cert->site, cert->path, arena, &paths);
	put_acmesh(cert, &paths, arena, ret);
}

/* The time in the name of what a link leads to: "cert-1700000000.pem". */
static const char *
time_of(const struct deploy_dialect_paths *paths, struct arena *arena)
{
	char target[256];
	ssize_t n = readlink(paths->cert, target, sizeof(target) - 1);
	const char *dash;

	target[n < 0 ? 0 : n] = '\0';
	dash = strchr(target, '-');
	if (dash == NULL || strspn(dash + 1, "0123456789") == 0)
		return arena_fmt(arena, "%" PRId64, (int64_t)time(NULL));
	return arena_fmt(arena, "%.*s", (int)strspn(dash + 1, "0123456789"),
	    dash + 1);
}

/* The file itself, where path is a link to it. */
static const char *
real(const char *path, struct arena *arena)
{
	const char *slash = strrchr(path, '/');
	char target[256];
	ssize_t n = readlink(path, target, sizeof(target));

	return n <= 0 || slash == NULL ? path : arena_fmt(arena, "%.*s/%.*s",
	    (int)(slash - path), path, (int)n, target);
}

static bool
make_dehydrated(const char *words, const struct deploy_cert *cert,
    struct arena *arena, struct deploy_dialect *ret)
{
	struct deploy_dialect_paths paths;
	struct hook_argument argument;
	const char **at = ret->argv;
	const char *ocsp = arena_fmt(arena, "%.*s/ocsp.der",
	    SPAN_FMT(cert->path));

	if (hook_argument_parse(words, &argument, NULL) < 0 || cert->call > 2 ||
	    (cert->call == 2 && access(ocsp, F_OK) < 0))
		return false;
	deploy_dialect_find(cert->site, cert->path, arena, &paths);
	ret->variables[0] = "COMMAND=sign_domains";
	*at++ = arena_str(arena, argument.hook);
	if (cert->call == 0) {
		*at++ = "sync_cert";
		*at++ = real(paths.key, arena);
		*at++ = real(paths.cert, arena);
		*at++ = real(paths.fullchain, arena);
		*at++ = real(paths.chain, arena);
		*at++ = arena_fmt(arena, "%.*s/cert.csr",
		    SPAN_FMT(cert->path));
	} else if (cert->call == 2) {
		*at++ = "deploy_ocsp";
		*at++ = site_conf_first_name(cert->site);
		*at++ = ocsp;
		*at++ = arena_fmt(arena, "%" PRId64, (int64_t)time(NULL));
	} else {
		*at++ = "deploy_cert";
		*at++ = site_conf_first_name(cert->site);
		*at++ = paths.key;
		*at++ = paths.cert;
		*at++ = paths.fullchain;
		*at++ = paths.chain;
		*at++ = time_of(&paths, arena);
	}
	return true;
}

/* Both versions' names. */
static bool
make_lego(const char *hook, const struct deploy_cert *cert,
    struct arena *arena, struct deploy_dialect *ret)
{
	struct deploy_dialect_paths paths;
	const char **at = ret->variables;

	if (cert->call > 0)
		return false;
	deploy_dialect_find(cert->site, cert->path, arena, &paths);
	ret->argv[0] = hook;
	*at++ = arena_fmt(arena, "LEGO_CERT_DOMAIN=%s", site_conf_first_name(cert->site));
	*at++ = arena_fmt(arena, "LEGO_CERT_PATH=%s", paths.fullchain);
	*at++ = arena_fmt(arena, "LEGO_CERT_KEY_PATH=%s", paths.key);
	*at++ = arena_fmt(arena, "LEGO_HOOK_CERT_NAME=%s", cert->site->name);
	*at++ = arena_fmt(arena, "LEGO_HOOK_CERT_DOMAINS=%s",
	    row_list_join(&cert->site->names, ',', arena));
	*at++ = arena_fmt(arena, "LEGO_HOOK_CERT_PATH=%s", paths.fullchain);
	*at++ = arena_fmt(arena, "LEGO_HOOK_CERT_KEY_PATH=%s", paths.key);
	*at++ = arena_fmt(arena, "LEGO_HOOK_ISSUER_CERT_PATH=%s", paths.chain);
	return true;
}

static const char acmesh[] =
    "set -- \"$SIGNET_DOMAIN\" \"$CERT_KEY_PATH\" \"$CERT_PATH\" "
    "\"$CA_CERT_PATH\" \"$CERT_FULLCHAIN_PATH\" ''\n"
    "_run() { \"${SIGNET_API}_deploy\" \"$@\"; }\n"
    "_load() {\n"
    "  [ -f \"$LE_WORKING_DIR/acme.sh\" ] && . \"$LE_WORKING_DIR/acme.sh\" "
    ">/dev/null\n"
    "  command -v _initpath >/dev/null && _initpath \"$SIGNET_DOMAIN\" "
    "\"$SIGNET_ECC\"\n"
    "  . \"$LE_WORKING_DIR/deploy/$SIGNET_API.sh\"\n"
    "}\n"
    "_load && _run \"$@\"\n";

/* The folder of an ECDSA certificate has a suffix, which _initpath adds. */
static bool
is_ecc(const struct deploy_cert *cert)
{
	size_t len = cert->path.len;

	return len > 4 && memcmp(cert->path.data + len - 4, "_ecc", 4) == 0;
}

static bool
make_acmesh(const char *words, const struct deploy_cert *cert,
    struct arena *arena, struct deploy_dialect *ret)
{
	struct deploy_dialect_paths paths;
	struct hook_argument_acmesh script;
	const char **at = ret->variables;

	if (cert->call > 0)
		return false;
	deploy_dialect_find(cert->site, cert->path, arena, &paths);
	hook_argument_acmesh(words, "deploy", arena, &script);
	memcpy(ret->sources, script.sources, sizeof(ret->sources));
	ret->argv[0] = "/bin/sh";
	ret->argv[1] = "-c";
	ret->argv[2] = acmesh;
	*at++ = arena_fmt(arena, "SIGNET_API=%s", script.name);
	*at++ = arena_fmt(arena, "SIGNET_DOMAIN=%s",
	    site_conf_first_name(cert->site));
	*at++ = is_ecc(cert) ? "SIGNET_ECC=isEcc" : "SIGNET_ECC=";
	at = put_acmesh(cert, &paths, arena, at);
	*at++ = arena_fmt(arena, "LE_WORKING_DIR=%s", script.dir);
	return true;
}

static const struct dialect_row {
	const char *prefix; /* up to what is the program's own */
	size_t len;
	bool (*make)(const char *rest, const struct deploy_cert *cert,
	    struct arena *arena, struct deploy_dialect *ret);
} rows[] = {
	{ "dehydrated:/", 11, make_dehydrated },
	{ "lego:/", 5, make_lego },
	{ "acme.sh:", 8, make_acmesh },
	{ NULL, 0, NULL }
};

static const struct dialect_row *
find(const char *argument)
{
	const struct dialect_row *row = rows;

	while (row->prefix != NULL &&
	    strncmp(argument, row->prefix, strlen(row->prefix)) != 0)
		row++;
	return row;
}

bool
deploy_dialect_is(const char *argument)
{
	return find(argument)->prefix != NULL;
}

bool
deploy_dialect_make(const char *argument, const struct deploy_cert *cert,
    struct arena *arena, struct deploy_dialect *ret)
{
	const struct dialect_row *row = find(argument);

	*ret = (struct deploy_dialect){ 0 };
	return row->prefix != NULL &&
	    row->make(argument + row->len, cert, arena, ret);
}
