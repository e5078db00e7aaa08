/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "conf/config_form.h"
#include "conf/config_rows.h"
#include "conf/config_value.h"
#include "conf/layout.h"
#include "http/http_tls.h"
#include "http/url.h"
#include "pkix/blocked_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
	const struct config *config;
	struct config_errors *errors;
};

/* A file that a key names, opened after a look at it; NULL when that is not
 * possible, which is then among the errors. */
static FILE *
open_file(struct world *world, const char *key, const char *path, bool secret)
{
	int line = config_rows_line(world->config, key);
	struct stat st;
	FILE *f;

	f = fopen(path, "re");
	if (f == NULL) {
		config_errors_add(world->errors, line, key, "cannot read %s "
		    "(%s); %s", path, strerror(errno), errno == ENOENT ?
		    "give the path of a file that exists" :
		    "let the user that starts signetd read it");
		return NULL;
	}
	if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
		config_errors_add(world->errors, line, key, "%s is not a file; "
		    "give the path of one", path);
		fclose(f);
		return NULL;
	}
	if (secret && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		config_errors_add(world->errors, line, key, "others than its "
		    "owner can use %s (mode %04o); run `chmod 0400 %s`", path,
		    (unsigned)st.st_mode & 07777U, path);
	return f;
}

static X509 *
load_certificate(struct world *world, const char *key, const char *path)
{
	FILE *f = open_file(world, key, path, false);
	X509 *ret;

	if (f == NULL)
		return NULL;
	ret = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	if (ret == NULL)
		config_errors_add(world->errors,
		    config_rows_line(world->config, key), key,
		    "there is no certificate in %s; it must begin with "
		    "-----BEGIN CERTIFICATE-----", path);
	return ret;
}

/* A terminal is not asked: the CA starts with nobody there. */
static int
no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf, (void)size, (void)rwflag, (void)arg;
	return -1;
}

static EVP_PKEY *
load_key(struct world *world, const char *key, const char *path)
{
	FILE *f = open_file(world, key, path, true);
	EVP_PKEY *ret;

	if (f == NULL)
		return NULL;
	ret = PEM_read_PrivateKey(f, NULL, no_passphrase, NULL);
	fclose(f);
	if (ret == NULL)
		config_errors_add(world->errors,
		    config_rows_line(world->config, key), key,
		    "there is no key without passphrase in %s; it must "
		    "begin with -----BEGIN PRIVATE KEY-----", path);
	return ret;
}

static void
check_time(struct world *world, X509 *cert)
{
	const struct config *config = world->config;
	int line = config_rows_line(config, "tls_certificate");
	const char *path = config->tls_certificate;
	size_t len = strlen(config->directory);

	/* Ours is renewed whenever the CA starts. */
	if (strncmp(path, config->directory, len) == 0 && path[len] == '/' &&
	    strcmp(path + len + 1, LAYOUT_API_CERTIFICATE) == 0)
		return;
	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		config_errors_add(world->errors, line, "tls_certificate", "%s "
		    "is not valid yet; see to it that the clock is right",
		    path);
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		config_errors_add(world->errors, line, "tls_certificate", "%s "
		    "has expired; renew it", path);
}

static void
check_host(struct world *world, X509 *cert)
{
	const struct config *config = world->config;
	struct url url;

	if (config->base_url == NULL ||
	    url_parse(NULL, span_str(config->base_url), &url, NULL) != 0)
		return;
	if ((url.host_is_ip ? X509_check_ip_asc(cert, url.host, 0) :
	    X509_check_host(cert, url.host, 0, 0, NULL)) == 1)
		return;
	config_errors_add(world->errors,
	    config_rows_line(config, "tls_certificate"),
	    "tls_certificate", "%s is not for %s, the host of base_url, so "
	    "clients will refuse it; give base_url a name that it has, or set "
	    "tls_certificate and tls_key to ones for that name",
	    config->tls_certificate, url.host);
}

/* What the server itself makes of the two, with all that stands behind the
 * first certificate. */
static void
check_served(struct world *world)
{
	const struct config *config = world->config;
	struct bld cert_pem, key_pem;
	SSL_CTX *tls = NULL;
	struct err err;

	bld_init(&cert_pem, HTTP_TLS_PEM_MAX);
	bld_init_secret(&key_pem, HTTP_TLS_PEM_MAX);
	if (file_read(AT_FDCWD, config->tls_certificate, 0, &cert_pem,
	    &err) < 0 || file_read(AT_FDCWD, config->tls_key, 0, &key_pem,
	    &err) < 0 || http_tls_new(bld_view(&cert_pem), bld_view(&key_pem),
	    &tls, &err) < 0)
		config_errors_add(world->errors,
		    config_rows_line(config, "tls_certificate"),
		    "tls_certificate", "%s cannot be served (%s); put the "
		    "certificate and its intermediates there anew",
		    config->tls_certificate, err.text);
	SSL_CTX_free(tls);
	bld_free(&cert_pem);
	bld_free(&key_pem);
}

static void
check_tls(struct world *world)
{
	const struct config *config = world->config;
	size_t before = world->errors->count;
	X509 *cert;
	EVP_PKEY *key;

	cert = load_certificate(world, "tls_certificate",
	    config->tls_certificate);
	key = load_key(world, "tls_key", config->tls_key);
	if (cert != NULL) {
		check_time(world, cert);
		check_host(world, cert);
	}
	if (cert != NULL && key != NULL &&
	    X509_check_private_key(cert, key) != 1)
		config_errors_add(world->errors,
		    config_rows_line(config, "tls_key"), "tls_key", "the key "
		    "in %s is not that of the certificate in %s; give the two "
		    "that belong together",
		    config->tls_key, config->tls_certificate);
	X509_free(cert);
	EVP_PKEY_free(key);
	if (world->errors->count == before)
		check_served(world);
}

static void
check_listen(struct world *world, const char *text)
{
	struct sockaddr_storage address;
	socklen_t len;
	int fd, r, saved, on = 1;

	if (config_form_parse_address(text, &address, &len, NULL) != 0)
		return; /* cannot come from a file */
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r = fd;
	if (r >= 0)
		r = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (r == 0 && address.ss_family == AF_INET6)
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (r == 0)
		r = bind(fd, (struct sockaddr *)&address, len);
	saved = errno;
	if (r < 0)
		config_errors_add(world->errors,
		    config_rows_line(world->config, "listen"), "listen",
		    "cannot listen at %s (%s); %s", text, strerror(saved),
		    config_form_bind_remedy(saved));
	if (fd >= 0)
		close(fd);
}

/* A record's type is a word of its own, and what follows ; is a comment. */
static bool
has_anchor(FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (!found && getline(&line, &size, f) > 0) {
		char *save, *word;

		line[strcspn(line, ";")] = '\0';
		for (word = strtok_r(line, " \t\r\n", &save);
		    word != NULL && !found;
		    word = strtok_r(NULL, " \t\r\n", &save))
			found = strcasecmp(word, "DS") == 0 ||
			    strcasecmp(word, "DNSKEY") == 0;
	}
	free(line);
	return found;
}

static void
check_anchor(struct world *world)
{
	const char *path = world->config->trust_anchor;
	FILE *f = open_file(world, "trust_anchor", path, false);

	if (f == NULL)
		return;
	if (!has_anchor(f))
		config_errors_add(world->errors, config_rows_line(world->config,
		    "trust_anchor"), "trust_anchor", "%s has no DS or DNSKEY "
		    "record; Debian's package dns-root-data has one, "
		    "/usr/share/dns/root.key", path);
	fclose(f);
}

/* All of it is read, as web and the signer will. */
static void
check_blocked(struct world *world)
{
	const char *path = world->config->blocked_keys;
	int line = config_rows_line(world->config, "blocked_keys");
	FILE *f = open_file(world, "blocked_keys", path, false);
	struct blocked_keys *keys = NULL;
	struct bld text;
	struct err err;

	if (f == NULL)
		return;
	bld_init(&text, BLOCKED_KEYS_FILE_MAX);
	if (file_slurp(fileno(f), path, &text, &err) < 0)
		config_errors_add(world->errors, line, "blocked_keys",
		    "%s; list fewer keys", err.text);
	else if (blocked_keys_parse(bld_view(&text), &keys, &err) < 0)
		config_errors_add(world->errors, line, "blocked_keys", "%s: "
		    "%s; correct the file", path, err.text);
	blocked_keys_free(keys);
	bld_free(&text);
	fclose(f);
}

/* Without it, all that is said of what should be in it says nothing new. */
static bool
check_directory(struct world *world)
{
	const struct config *config = world->config;
	int line = config_rows_line(config, "directory");
	struct stat st;

	if (stat(config->directory, &st) != 0)
		config_errors_add(world->errors, line, "directory", "cannot "
		    "use %s (%s); give the folder that `signetd init` made",
		    config->directory, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		config_errors_add(world->errors, line, "directory", "%s is not "
		    "a folder; give the one that `signetd init` made",
		    config->directory);
	else
		return true;
	return false;
}

/* Who can change it, can make signetd open any file as its starter. */
static void
check_writers(struct world *world)
{
	const char *file = world->config->file;
	struct stat st;

	if (stat(file, &st) != 0)
		return; /* read before, and gone since */
	if (st.st_uid != 0 && st.st_uid != geteuid())
		config_errors_add(world->errors, 0, "", "the file belongs to "
		    "user %u, who could give the CA other keys; run `chown %u "
		    "%s`", (unsigned)st.st_uid, (unsigned)geteuid(), file);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		config_errors_add(world->errors, 0, "", "others than its owner "
		    "can change the file (mode %04o); run `chmod go-w %s`",
		    (unsigned)st.st_mode & 07777U, file);
}

int
config_check_world(const struct config *config, bool running,
    struct config_errors *errors)
{
	struct world world = {
		.config = config, .errors = errors,
	};

	if (config->file != NULL)
		check_writers(&world);
	for (size_t i = 0; !running && i < config->num_listen; i++)
		check_listen(&world, config->listen[i]);
	if (check_directory(&world))
		check_tls(&world);
	if (config->trust_anchor != NULL)
		check_anchor(&world);
	if (config->blocked_keys != NULL)
		check_blocked(&world);
	return errors->count == 0 ? 0 : -(int)ERR_CONFIG;
}

int
config_check_reload(const struct config *old, const struct config *new,
    struct err *err)
{
	struct bld before, after;
	int r = 0;

	bld_init(&before, CONFIG_FILE_MAX);
	bld_init(&after, CONFIG_FILE_MAX);
	for (size_t i = 0; r == 0 && i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];

		bld_reset(&before);
		bld_reset(&after);
		config_value_encode(&before, old, row);
		config_value_encode(&after, new, row);
		if (row->reload ||
		    span_equal(bld_view(&before), bld_view(&after)))
			continue;
		r = err_set(err, ERR_CONFIG, NULL, "%s:%d: %s: a running CA "
		    "cannot change it; restart signetd, or set it back",
		    new->file == NULL ? "signetd.conf" : new->file,
		    new->lines[i], row->key);
	}
	bld_free(&before);
	bld_free(&after);
	return r;
}
