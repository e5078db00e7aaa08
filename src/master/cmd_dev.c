/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/config_form.h"
#include "conf/layout.h"
#include "master/api_leaf.h"
#include "master/cmd.h"
#include "master/dev_env.h"
#include "master/disk.h"
#include "master/early.h"
#include "master/master.h"
#include "master/newca.h"
#include "master/tree.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

/* Says that a folder's content may be thrown away. */
#define DEV_MARK "signetd-dev"
/* Pebble demands agreement, so clients under test must be able to agree. */
#define DEV_TERMS "https://example.com/do-what-thou-wilt"

static int cmd_dev_run(int argc, char **argv);

const struct cmd cmd_dev = {
	.name = "dev",
	.usage = "[--listen ADDRESS:PORT] [--management ADDRESS:PORT] "
	    "[--dir DIR] ...",
	.summary = "run a throw-away CA for tests of ACME clients",
	.help =
	    "  --listen ADDR:PORT      the ACME server (127.0.0.1:14000)\n"
	    "  --management ADDR:PORT  roots, keys and status "
	    "(127.0.0.1:15000)\n"
	    "  --http-port PORT        where http-01 is looked for (5002)\n"
	    "  --tls-port PORT         where tls-alpn-01 is looked for (5001)\n"
	    "  --resolver HOST:PORT    the DNS server to ask (the system's)\n"
	    "  --tls-certificate FILE  of the ACME server, with --tls-key FILE "
	    "(its own)\n"
	    "  --dir DIR               keep certificates and keys here; made "
	    "anew at each start\n"
	    "  --strict                refuse 5% of good nonces, as Pebble "
	    "does\n"
	    "Pebble's switches work: PEBBLE_VA_NOSLEEP, PEBBLE_VA_SLEEPTIME, "
	    "PEBBLE_VA_ALWAYS_VALID,\n"
	    "PEBBLE_WFE_NONCEREJECT, PEBBLE_WFE_ORDERS_PER_PAGE, "
	    "PEBBLE_AUTHZREUSE.\n",
	.run = cmd_dev_run,
};

struct dev {
	struct config config;
	struct arena arena;
	const char *listen, *management, *http_port, *tls_port, *resolver;
	const char *tls_certificate, *tls_key;
	const char *directory; /* of --dir, or NULL */
	char path[PATH_MAX];   /* absolute */
	bool strict;
};

static void
path_in(char path[PATH_MAX], const char *directory, const char *name)
{
	if (snprintf(path, PATH_MAX, "%s/%s", directory, name) >= PATH_MAX)
		path[0] = '\0'; /* which no file has */
}

/* What an earlier `signetd dev --dir` left goes; anything else stays, and we
 * do not start. */
static int
clear_folder(const char *directory, struct err *err)
{
	const struct dirent *entry;
	char path[PATH_MAX];
	bool ours;
	DIR *dir;
	int r = 0;

	path_in(path, directory, DEV_MARK);
	ours = access(path, F_OK) == 0;
	dir = opendir(directory);
	if (dir == NULL)
		return err_errno(err, "cannot use %s", directory);
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    strcmp(entry->d_name, DEV_MARK) == 0)
			continue;
		if (!ours)
			r = err_set(err, ERR_CONFLICT, NULL, "%s is not empty "
			    "and was not made by `signetd dev`; give another "
			    "folder", directory);
		path_in(path, directory, entry->d_name);
		if (r == 0)
			r = disk_remove_tree(path, err);
	}
	closedir(dir);
	return r;
}

static int
mark_folder(const char *directory, struct err *err)
{
	const struct disk_owner owner = { .mode = 0644, .uid = (uid_t)-1 };
	char path[PATH_MAX];

	path_in(path, directory, DEV_MARK);
	return disk_replace(path, SPAN_LIT("Made by `signetd dev`, which "
	    "removes all that is in this folder when it starts.\n"), &owner,
	    err);
}

static int
choose_folder(struct dev *dev, struct err *err)
{
	const char *base = getenv("TMPDIR");
	const struct tree_entry *top = tree_find("");

	if (dev->directory == NULL) {
		path_in(dev->path, base == NULL || base[0] != '/' ? "/tmp" :
		    base, "signetd-dev.XXXXXX");
		if (mkdtemp(dev->path) == NULL)
			return err_errno(err, "cannot make a temporary folder "
			    "%s; name one with --dir", dev->path);
		/* Processes with other user ids have to pass. */
		if (chmod(dev->path, top->mode) != 0)
			return err_errno(err, "cannot set up %s", dev->path);
		return 0;
	}
	if (mkdir(dev->directory, top->mode) != 0 && errno != EEXIST)
		return err_errno(err, "cannot make %s", dev->directory);
	if (realpath(dev->directory, dev->path) == NULL)
		return err_errno(err, "cannot use %s", dev->directory);
	return clear_folder(dev->path, err);
}

static int
make_ca(struct dev *dev, struct err *err)
{
	struct newca newca = {
		.directory = dev->path, .organization = "Signet dev",
		.uid_base = dev->config.uid_base,
	};
	struct sockaddr_storage address;
	char name[256];
	socklen_t len;
	int r;

	r = newca_add_names(&newca, "localhost,127.0.0.1,::1,pebble,signetd",
	    &dev->arena, err);
	/* What cannot stand in a certificate is not reachable by it. */
	if (gethostname(name, sizeof(name)) == 0)
		(void)newca_add_names(&newca, name, &dev->arena, NULL);
	if (config_form_parse_address(dev->config.listen[0], &address, &len,
	    NULL) == 0 && getnameinfo((struct sockaddr *)&address, len, name,
	    sizeof(name), NULL, 0, NI_NUMERICHOST) == 0)
		(void)newca_add_names(&newca, name, &dev->arena, NULL);
	if (r == 0)
		r = mark_folder(dev->path, err);
	if (r == 0)
		r = newca_make(&newca, err);
	return r;
}

/* "HOST:PORT" with a name, or no host at all, as a numeric address. */
static int
resolve_address(const char *text, char *ret, size_t ret_size, struct err *err)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE,
	};
	const char *colon = strrchr(text, ':');
	struct addrinfo *found = NULL;
	char host[NI_MAXHOST], numeric[NI_MAXHOST];
	int r;

	/* What is no host and port, or one already, goes on as it is. */
	if (colon == NULL || (size_t)(colon - text) >= sizeof(host) ||
	    config_form_check(CONFIG_FORM_ADDRESS, text, NULL) == 0) {
		snprintf(ret, ret_size, "%s", text);
		return 0;
	}
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	r = getaddrinfo(host[0] == '\0' ? "0.0.0.0" : host, NULL, &hints,
	    &found);
	if (r == 0)
		r = getnameinfo(found->ai_addr, found->ai_addrlen, numeric,
		    sizeof(numeric), NULL, 0, NI_NUMERICHOST);
	if (r != 0)
		r = err_set(err, ERR_CONFIG, NULL, "there is no host %s (%s); "
		    "give an address", host, gai_strerror(r));
	else
		snprintf(ret, ret_size, strchr(numeric, ':') != NULL ?
		    "[%s]%s" : "%s%s", numeric, colon);
	if (found != NULL)
		freeaddrinfo(found);
	return r;
}

static int
set_option(struct dev *dev, const char *option, const char *key,
    const char *value, struct err *err)
{
	char text[CONFIG_TEXT_MAX];
	int r;

	if (value == NULL)
		return 0;
	r = resolve_address(value, text, sizeof(text), err);
	if (r == 0)
		r = config_set(&dev->config, key, text, err);
	return r == 0 ? 0 : err_prefix(err, "%s", option);
}

/* A suite that trusts the root of its own API certificate brings that. */
static int
set_files(struct dev *dev, struct err *err)
{
	int r = 0;

	if ((dev->tls_certificate == NULL) != (dev->tls_key == NULL))
		return err_set(err, ERR_CONFIG, NULL, "--tls-certificate and "
		    "--tls-key go together; give both or none");
	if (dev->tls_certificate == NULL)
		return 0;
	if (access(dev->tls_certificate, R_OK) != 0)
		return err_errno(err, "--tls-certificate: cannot read %s",
		    dev->tls_certificate);
	if (access(dev->tls_key, R_OK) != 0)
		return err_errno(err, "--tls-key: cannot read %s",
		    dev->tls_key);
	r = config_set(&dev->config, "tls_certificate", dev->tls_certificate,
	    err);
	return r < 0 ? r : config_set(&dev->config, "tls_key", dev->tls_key,
	    err);
}

static int
set_options(struct dev *dev, struct err *err)
{
	int r;

	r = set_option(dev, "--listen", "listen", dev->listen, err);
	if (r == 0)
		r = set_option(dev, "--management", "management_listen",
		    dev->management, err);
	if (r == 0)
		r = set_option(dev, "--http-port", "http_port",
		    dev->http_port, err);
	if (r == 0)
		r = set_option(dev, "--tls-port", "tls_port", dev->tls_port,
		    err);
	if (r == 0)
		r = set_option(dev, "--resolver", "resolver", dev->resolver,
		    err);
	return r < 0 ? r : set_files(dev, err);
}

static int
make_config(struct dev *dev, struct err *err)
{
	struct config *config = &dev->config;
	int r;

	config->dev = true;
	config->web_processes = 1;
	r = config_set(config, "terms_of_service", DEV_TERMS, err);
	return r < 0 ? r : dev_env_apply(config, dev->strict, getenv, err);
}

static int
run(struct dev *dev)
{
	struct master_options master = {
		.remove_directory = dev->directory == NULL,
		.refresh = api_leaf_refresh,
	};
	struct err err = ERR_INIT;
	int r;

	/* From here on there is something to throw away. */
	early_hold();
	config_init(&dev->config);
	if (set_options(dev, &err) != 0) {
		config_free(&dev->config);
		return cmd_usage(&cmd_dev, "%s", err.text);
	}
	r = make_config(dev, &err);
	if (r == 0)
		r = choose_folder(dev, &err);
	if (r == 0) {
		config_set_directory(&dev->config, dev->path);
		r = make_ca(dev, &err);
	}
	arena_free(&dev->arena);
	if (r != 0) {
		if (dev->directory == NULL && dev->path[0] != '\0')
			(void)disk_remove_tree(dev->path, NULL);
		config_free(&dev->config);
		return cmd_fail(&cmd_dev, "%s", err.text);
	}
	printf("signetd dev: root certificate in %s/"LAYOUT_ROOT_CERTIFICATE
	    "\n", dev->path);
	fflush(stdout);
	master.config = dev->config;
	return master_run(&master);
}

static int
cmd_dev_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "management", required_argument, NULL, 'm' },
		{ "http-port", required_argument, NULL, 'h' },
		{ "tls-port", required_argument, NULL, 't' },
		{ "resolver", required_argument, NULL, 'r' },
		{ "tls-certificate", required_argument, NULL, 'c' },
		{ "tls-key", required_argument, NULL, 'k' },
		{ "dir", required_argument, NULL, 'd' },
		{ "strict", no_argument, NULL, 's' }, { 0 }
	};
	struct dev dev = {
		.listen = "127.0.0.1:14000", .management = "127.0.0.1:15000",
		.http_port = "5002", .tls_port = "5001",
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'l': dev.listen = optarg; break;
		case 'm': dev.management = optarg; break;
		case 'h': dev.http_port = optarg; break;
		case 't': dev.tls_port = optarg; break;
		case 'r': dev.resolver = optarg; break;
		case 'c': dev.tls_certificate = optarg; break;
		case 'k': dev.tls_key = optarg; break;
		case 'd': dev.directory = optarg; break;
		case 's': dev.strict = true; break;
		default: return cmd_usage_only(&cmd_dev);
		}
	}
	if (optind != argc)
		return cmd_usage(&cmd_dev, "\"%s\" is not an option",
		    argv[optind]);
	return run(&dev);
}
